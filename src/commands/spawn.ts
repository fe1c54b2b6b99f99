import { z } from 'zod'
import { itemOfIssue } from '../db/work-items.ts'
import { NoAvailableWork, UserError } from '../lib/errors.ts'
import { nothingQueued, nothingToDo } from '../messages/commands/common.ts'
import { cannotStartNow } from '../messages/commands/orchestrator.ts'
import { notOurItem } from '../messages/commands/schedule.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { mustBeActive, readyIn, refuseModule, spawnFor } from './lib/spawn.ts'
import { statusSentence } from './lib/status-sentence.ts'

/** What `spawn_agent` does, for an item or a module. */
export const command = defineCommand({
  name: 'spawn',
  summary: 'Has an agent started first on this issue, another one, or a module',
  examples: ['/spawn', '/spawn #12', '/spawn auth'],
  args: z.strictObject({
    what: z
      .string()
      .regex(/^(?:#?\d{1,9}|[a-z][a-z0-9-]{0,39})$/, 'must be an issue such as #12, or the name of a module')
      .optional()
      .describe('An issue of this repository, or a module; this issue if not given'),
  }),
  positional: ['what'],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { what }): Promise<Reply> {
    mustBeActive(context)
    const isModule = what !== undefined && !/^#?\d+$/.test(what)
    if (!isModule) return spawnOn(context, what)
    const [item] = await readyIn(context, what)
    return item ? spawnFor(context, item) : refuseModule(context, what)
  },
})

async function spawnOn(context: CommandContext, issue: string | undefined): Promise<Reply> {
  const { tx, repo, settings } = context
  const number = issue === undefined ? undefined : Number(issue.replace('#', ''))
  const item = number === undefined ? context.item : await itemOfIssue(tx.db, repo.id, number)
  if (!item && number !== undefined) throw new UserError(...notOurItem(String(number)))
  if (!item) throw new UserError(...nothingQueued(settings.prefix))
  if (item.state === 'queued' || item.state === 'ready') return spawnFor(context, item)
  const status = await statusSentence(context, item)
  if (item.state === 'running' || item.state === 'checking') return { text: nothingToDo(status), outcome: 'done' }
  throw new NoAvailableWork(cannotStartNow, status)
}
