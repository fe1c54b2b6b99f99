/** Turns decisions into steps: rows to store, starts, and edits of the status comment. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import { assignMember } from '../crew/assign.ts'
import type { Tx } from '../db/connect.ts'
import type { DecisionRow } from '../db/decisions.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { addRun, buildsOf, latestLesson } from '../db/runs.ts'
import type { decisions } from '../db/schema/schedule.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { beginsAtBase, isComparing } from '../domain/best-of.ts'
import { chooseAgent } from '../domain/choose-agent.ts'
import { needsBreakdown } from '../domain/choose-workflow.ts'
import { roleOfPurpose } from '../domain/crew.ts'
import { sizeOfRun } from '../domain/expected-use.ts'
import { agentName, startedBy } from '../messages/crew.ts'
import { budgetOfItem, rankSentence, reasonsText } from '../messages/decisions.ts'
import type { Decision } from '../scheduler/decision.ts'
import type { Backlog } from './backlog-snapshot.ts'
import { itemBudgetReason } from './budget.ts'
import type { PassContext } from './to-snapshot.ts'

/** A new decision, and the action that follows from it. */
export interface Step {
  item: ItemRow
  decision: typeof decisions.$inferInsert
  starts: boolean
  /** It would pass the limit of its item: a person is asked instead. */
  holds?: boolean
  /** When the status comment shows it. A start updates the comment by its transition. */
  comment?: 'soon' | 'later'
}

/**
 * The step for a decision; undefined when the scheduler does not act on the item, or when the decision is the same as
 * the last one.
 * @param before the last decision about the item.
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
  if (!starts && waited && causes(waited, numericFields) === causes(reasons, numericFields)) return undefined
  const same = waited && causes(waited, volatileFields) === causes(reasons, volatileFields)
  const explanation = reasonsText(decision)
  const row = { workItemId: item.id, action, reasons, explanation, leverage, rank: rankSentence(decision) }
  return { item, decision: row, starts, ...(starts ? {} : { comment: same ? 'later' : 'soon' }) }
}

/**
 * The step with the limit of the item in mind: a start that would pass it becomes a hold. Two runs of one item that start
 * side by side cannot pass it together, as the other one's expected cost is counted.
 */
export async function withinItemBudget(
  tx: Tx,
  backlog: Backlog,
  step: Step,
  { env, spending }: Pick<PassContext, 'env' | 'spending'>,
): Promise<Step> {
  const { item, decision } = step
  if (!step.starts) return step
  const agentKind = chooseAgent(item, backlog.repos.get(item.repositoryId), env)
  const run = { agentKind, size: sizeOfRun(item.state === 'planning' ? 'plan' : 'build', item.effort) }
  const reason = await itemBudgetReason(tx, backlog, { item, run }, spending)
  if (!reason) return step
  const reasons = [reason]
  const refused = { ...decision, action: 'wait' as const, reasons, explanation: budgetOfItem(reason) }
  return { item, decision: refused, starts: false, holds: true }
}

/** Starts the item, holds it, or requests an edit of its status comment. @returns the id of the started run. */
export async function applyStep(
  { env, log }: { env: Env; log: Logger },
  tx: Tx,
  backlog: Backlog,
  { item, decision, starts, holds, comment }: Step,
): Promise<number | undefined> {
  log.debug({ issue: item.issueNumber, action: decision.action, explanation: decision.explanation }, 'decided')
  if (holds) {
    await transition(tx, item, 'held', { actor: 'tutti', why: decision.explanation })
    // Its start took the place of another one in this pass.
    await tx.enqueue({ queue: 'schedule' })
    return undefined
  }
  if (comment) await requestStatusComment(tx, item, comment)
  const repo = backlog.repos.get(item.repositoryId)
  return starts ? start(tx, repo, item, chooseAgent(item, repo, env)) : undefined
}

async function start(tx: Tx, repo: RepositoryRow | undefined, item: ItemRow, agent: string): Promise<number> {
  const planning = item.state === 'planning'
  const lesson = await latestLesson(tx.db, item.id, planning ? 'plan' : 'build')
  const purpose = !planning ? 'build' : needsBreakdown(item.routing) ? 'breakdown' : 'plan'
  const role = roleOfPurpose(purpose)
  const member = await assignMember(tx, repo, item, { role, agent, fresh: lesson.cleanWorktree })
  const last = isComparing(item.bestOf) ? (await buildsOf(tx.db, item.id)).at(-1) : undefined
  const cleanWorktree = lesson.cleanWorktree || (!planning && beginsAtBase(item.bestOf, last?.outcome))
  const run = await addRun(tx, item.id, { agent, purpose, ...lesson, cleanWorktree, ...member })
  if (!planning) await transition(tx, item, 'running', { actor: 'tutti', why: startedBy(run.attempt, agentName(run)) })
  return run.id
}

/** Reasons that change with every start and end of an agent. Another one of these alone is not a new decision. */
const transientReasons: readonly unknown[] = ['outranked', 'turn']
/** Fields whose change alone is not a new decision. */
const numericFields = ['available', 'left', 'leverage', 'hours']

/** Fields whose change is stored but shown late: they change often, and every edit is a write to GitHub. */
const volatileFields = [...numericFields, 'needed', 'state', 'stage']

/** The lasting reasons as text. Equal reasons give equal text, also after the database has sorted the keys. */
function causes(reasons: readonly unknown[], without: readonly string[]): string {
  return JSON.stringify(reasons.filter(isLasting), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const entries = Object.entries(value).filter(([key]) => !without.includes(key))
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}

function isLasting(reason: unknown): boolean {
  return typeof reason !== 'object' || reason === null || !('kind' in reason) || !transientReasons.includes(reason.kind)
}
