import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { replan } from '../db/plans.ts'
import { gateRows } from '../db/pull-requests.ts'
import { isBuild, liveRun, runsOf } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { replanHandoff } from '../domain/replan.ts'
import { isAgentRun } from '../domain/run-author.ts'
import { UserError } from '../lib/errors.ts'
import { nothingQueued } from '../messages/commands/common.ts'
import * as messages from '../messages/replan.ts'
import { defineCommand, type Reply } from './command.ts'
import { statusSentence } from './lib/status-sentence.ts'

/** States in which no commit of the item is judged or reviewed. */
const replannable = ['ready', 'planning', 'asking', 'plan-review', 'held', 'paused']

export const command = defineCommand({
  name: 'replan',
  summary: 'Has it planned again with what has failed; text after it is for the planner',
  examples: ['/replan', '/replan keep the old client, and add a second one beside it'],
  args: z.strictObject({ heed: z.string().max(20_000).optional().describe('What the plan must heed') }),
  positional: [],
  text: 'heed',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  repeats: true,
  async run(context, { heed = '' }): Promise<Reply> {
    const { tx, item, actor, settings } = context
    if (!item) throw new UserError(...nothingQueued(settings.prefix))
    if (item.kind === 'epic') throw new UserError(...messages.epicIsNotReplanned)
    if (!replannable.includes(item.state))
      throw new UserError(...messages.cannotReplan(await statusSentence(context, item), settings.prefix))
    const live = await liveRun(tx.db, item.id)
    const past = await runsOf(tx.db, item.id)
    const builds = past.filter((run) => isBuild(run) && isAgentRun(run))
    const failed = builds.filter((run) => run.failureClass !== null)
    const gates = item.headSha ? await gateRows(tx.db, item.id, item.headSha) : []
    const last = builds.at(-1)
    if (last) await tx.db.update(runs).set({ nextCleanWorktree: true }).where(eq(runs.id, last.id))
    const replanHandoffOf = replanHandoff(messages.replanWanted(actor.login), failed, gates, heed)
    const newest = past.at(-1)?.id ?? null
    await replan(tx, item, {
      by: actor,
      why: messages.replanAsked(actor.login),
      // Attempts count from one again, and it may be planned again by itself once more.
      set: { freshSince: newest ?? item.freshSince, replanHandoff: replanHandoffOf, agent: null },
    })
    return { text: messages.replanReply(failed.length, live !== undefined), outcome: 'done' }
  },
})
