import { z } from 'zod'
import { liveRun } from '../db/runs.ts'
import { type ItemRow, itemsInStates, lockItem } from '../db/work-items.ts'
import { activeStates } from '../domain/lifecycle.ts'
import { UserError } from '../lib/errors.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { endedAttempt, setAside } from './lib/set-aside.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'stop',
  summary: 'Stops the agent now and pauses the issue; --all stops every agent here',
  examples: ['/stop', '/stop --all'],
  args: z.strictObject({ all: z.boolean().optional().describe('Every agent of this repository') }),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    if (args.all) return stopAll(context)
    const { item } = context
    if (!item) throw new UserError('No agent is working here.')
    if (item.state === 'paused')
      return { text: `Nothing to do. ${await statusSentence(context, item)}`, outcome: 'done' }
    if (!(await hasAgent(context, item)))
      throw new UserError(`No agent is working here. ${await statusSentence(context, item)}`)
    const { run } = await setAside(context, item, 'paused', 'Stopped')
    return {
      text: `Stopping ${run ? endedAttempt(run) : 'the work'}. What it changed is kept: ${typed(context, 'resume')} goes on from there, ${typed(context, 'unqueue')} gives it up.`,
      outcome: 'done',
    }
  },
})

/** An agent changes files or has changed them, or plans. */
async function hasAgent({ tx }: CommandContext, item: ItemRow): Promise<boolean> {
  return (
    activeStates.includes(item.state) || (item.state === 'planning' && (await liveRun(tx.db, item.id)) !== undefined)
  )
}

async function stopAll(context: CommandContext): Promise<Reply> {
  const stopped: ItemRow[] = []
  for (const { id, repositoryId } of await itemsInStates(context.tx.db, [...activeStates, 'planning'])) {
    const item = repositoryId === context.repo.id ? await lockItem(context.tx, id) : undefined
    if (!item || !(await hasAgent(context, item))) continue
    await setAside(context, item, 'paused', 'Stopped')
    stopped.push(item)
  }
  if (stopped.length === 0) return { text: 'No agent is working in this repository.', outcome: 'done' }
  const names = stopped.map((item) => `#${item.issueNumber}`).join(', ')
  return {
    text: `Stopping the work on ${names}. What was changed is kept: ${typed(context, 'resume')} on each goes on. Others may still start; ${typed(context, 'pause all')} prevents that.`,
    outcome: 'done',
  }
}
