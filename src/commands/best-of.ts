import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { crewOf } from '../db/crew-members.ts'
import { isBuild, runsOf } from '../db/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { countedSince } from '../domain/replan.ts'
import { currentTime } from '../lib/clock.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/best-of.ts'
import { issueIsClosed } from '../messages/commands/common.ts'
import { noSuchKind } from '../messages/commands/reassign.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { type CommandContext, defineCommand, type Reply, theIssue } from './command.ts'
import { kindsNamed } from './lib/named-kinds.ts'
import { statusSentence } from './lib/status-sentence.ts'

/** Before an agent builds; what is set aside or over may be queued again for it. */
const early = ['queued', 'planning', 'asking', 'plan-review', 'ready']

export const command = defineCommand({
  name: 'best-of',
  summary: 'Has two or three kinds of agent build this issue; the gates choose',
  examples: ['/best-of codex claude-code'],
  args: z.strictObject({
    kinds: z.string().max(200).optional().describe('Kinds of agent, with spaces between them'),
  }),
  positional: [],
  text: 'kinds',
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context, { kinds = '' }): Promise<Reply> {
    const { item, settings, tx } = context
    const named = kinds.split(/[\s,]+/).filter(Boolean)
    if (named.length < 2 || named.length > 3 || new Set(named).size < named.length)
      throw new UserError(...messages.bestOfNeedsKinds(settings.prefix))
    if (item?.kind === 'epic') throw new UserError(...messages.bestOfIsForTasks)
    await mustBeKnown(context, named)
    const queued = await itemToBuild(context)
    const bestOf = { kinds: named, candidates: [] }
    await tx.db.update(workItems).set({ bestOf, updatedAt: currentTime() }).where(eq(workItems.id, queued))
    await tx.enqueue({ queue: 'schedule' })
    return { text: messages.bestOfQueued(named), outcome: 'done' }
  },
})

/** As `/reassign`: only kinds that the repository has named, or that have worked here, may get the code. */
async function mustBeKnown({ tx, repo, settings }: CommandContext, named: readonly string[]): Promise<void> {
  const crew = (await crewOf(tx.db, repo.id)).map(({ agent }) => agent)
  const kinds = [...new Set([...kindsNamed(settings), ...crew])].filter(Boolean).sort()
  const unknown = named.find((kind) => !kinds.includes(kind))
  if (unknown) throw new UserError(...noSuchKind(unknown, kinds, []))
}

/** The item, before any agent has built it; it is queued where it was not. @returns its id. */
async function itemToBuild(context: CommandContext): Promise<number> {
  const { tx, item, repo, settings, actor } = context
  const issue = theIssue(context)
  const all = item ? await runsOf(tx.db, item.id) : []
  const begun = item && all.some((run) => isBuild(run) && run.id > countedSince(item))
  if (item && early.includes(item.state) && !begun) return item.id
  if (issue.state === 'closed') throw new UserError(...issueIsClosed)
  if (item && !['held', 'skipped', 'cancelled', 'done'].includes(item.state))
    throw new UserError(...messages.bestOfTooLate(await statusSentence(context, item)))
  const queued = await enqueueIssue(tx, { repo, settings, issue, actor, lastRunId: all.at(-1)?.id })
  return queued.item.id
}
