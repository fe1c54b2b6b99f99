/** The scheduler's hands: every decision is stored, and what may start is started. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Tx } from '../db/connect.ts'
import type { DecisionRow } from '../db/decisions.ts'
import { addRun, latestLesson } from '../db/runs.ts'
import type { decisions } from '../db/schema/schedule.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { chooseAgent } from '../domain/choose-agent.ts'
import { needsBreakdown } from '../domain/choose-workflow.ts'
import { rankInWords, reasonsInWords } from '../messages/decisions.ts'
import type { Decision } from '../scheduler/decision.ts'
import type { Backlog } from './backlog-snapshot.ts'

/** A decision that says something new, and what is to be done about it. */
export interface Step {
  item: ItemRow
  decided: typeof decisions.$inferInsert
  starts: boolean
  /** When people are to see it on the issue; a start tells by itself. */
  tell?: 'soon' | 'later'
}

/**
 * What is to be done about a decision; undefined when it is not the scheduler's to act on, or says what was said before.
 * @param before what was decided about the item last.
 */
export function stepFor(
  backlog: Backlog,
  decision: Decision,
  before: DecisionRow | undefined,
  now: Date,
): Step | undefined {
  const item = backlog.items.get(Number(decision.item.id))
  if (item?.state !== 'ready' && item?.state !== 'planning') return undefined
  if (item.kind === 'epic' && item.state === 'ready') return undefined
  if (item.notBefore && item.notBefore > now) return undefined
  const { action, reasons, leverage } = decision
  const starts = action === 'start'
  const waited = before?.action === 'wait' ? before.reasons : undefined
  if (!starts && waited && causes(waited, numbers) === causes(reasons, numbers)) return undefined
  const same = waited && causes(waited, passing) === causes(reasons, passing)
  const explanation = reasonsInWords(decision)
  const decided = { workItemId: item.id, action, reasons, explanation, leverage, rank: rankInWords(decision) }
  return { item, decided, starts, ...(starts ? {} : { tell: same ? 'later' : 'soon' }) }
}

/** Starts what may start, and has people told when what an item waits for is another thing than before. */
export async function applyDecisions(
  { env, log }: { env: Env; log: Logger },
  tx: Tx,
  backlog: Backlog,
  { item, decided, starts, tell }: Step,
): Promise<number | undefined> {
  log.debug({ issue: item.issueNumber, action: decided.action, explanation: decided.explanation }, 'decided')
  if (tell) await requestStatusComment(tx, item, tell)
  return starts ? start(tx, item, chooseAgent(item, backlog.repos.get(item.repositoryId), env)) : undefined
}

async function start(tx: Tx, item: ItemRow, agent: string): Promise<number> {
  const lesson = await latestLesson(tx.db, item.id, item.state === 'planning' ? 'plan' : 'build')
  if (item.state === 'planning') {
    const purpose = needsBreakdown(item.routing) ? 'breakdown' : 'plan'
    return (await addRun(tx, item.id, { agent, purpose, ...lesson })).id
  }
  const run = await addRun(tx, item.id, { agent, ...lesson })
  await transition(tx, item, 'running', { actor: 'tutti', why: `Attempt ${run.attempt} by ${agent}.` })
  return run.id
}

/** What changes with every agent that comes or goes. Nobody waits for it by itself, so it is no other decision. */
const momentary: readonly unknown[] = ['outranked', 'turn']
const numbers = ['available', 'left', 'leverage', 'hours']

/** How things stand with what holds an item back. It changes all the time, and every edit is a write to GitHub. */
const passing = [...numbers, 'needed', 'state', 'stage']

/** What holds an item back, as text that is equal for equal causes, also after the database has sorted the keys. */
function causes(reasons: readonly unknown[], without: readonly string[]): string {
  return JSON.stringify(reasons.filter(lasts), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const entries = Object.entries(value).filter(([key]) => !without.includes(key))
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}

function lasts(reason: unknown): boolean {
  return typeof reason !== 'object' || reason === null || !('kind' in reason) || !momentary.includes(reason.kind)
}
