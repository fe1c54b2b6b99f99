/** Applies the retry policy: an attempt has ended, and this decides what follows. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { openConflict } from '../db/branch-updates.ts'
import type { Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { replan, roundsOf } from '../db/plans.ts'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { noteRestart } from '../db/restarts.ts'
import { getRun, isPlanning, isReview, isSideRun, type RunRow, runsOf } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, lockItem, transition, updateReason } from '../db/work-items.ts'
import { isComparing } from '../domain/best-of.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { countedSince, replanHandoff } from '../domain/replan.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import { conflictForPerson } from '../messages/conflicts.ts'
import { builderAsks, builderQuestions } from '../messages/crew.ts'
import * as messages from '../messages/runs.ts'
import { askPeople } from '../planning/ask-people.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { returnToReview } from './back-to-review.ts'
import { candidateOf, endsCandidate, settleCandidate } from './candidates.ts'
import type { RunContext } from './context.ts'
import { gateLesson } from './feedback.ts'
import { haltRepository } from './halt-repository.ts'
import {
  classify,
  countsAsAttempt,
  type FailedAttempt,
  type FailureClass,
  nextRetryStep,
  type RetryStep,
} from './retry-policy.ts'
import { retrySettings } from './retry-settings.ts'

/** Handler of the `after-run` queue. */
export async function afterRun(context: RunContext, job: { runId: number; resetAt?: string }): Promise<void> {
  await context.store.transaction(async (tx) => {
    const run = await getRun(tx.db, job.runId)
    const item = run && (await getItem(tx.db, run.workItemId))
    if (!run || !item) return
    if (isSideRun(run)) return endSideRun(tx, run)
    if (await handedIn(tx, run, item)) return
    const ended = await end(tx, run, item)
    if (run.stage !== 'ended') await tx.enqueue({ queue: 'schedule' })
    await goOn(context, tx, { run: ended, item }, job.resetAt ? new Date(job.resetAt) : undefined)
  })
}

/** What follows from an attempt that has ended: a rung of the ladder, if it has failed. */
async function goOn(
  context: RunContext,
  tx: Tx,
  { run, item }: { run: RunRow; item: ItemRow },
  resetAt: Date | undefined,
): Promise<void> {
  const planning = isPlanning(run)
  // A person or an event has moved the item meanwhile: the attempt is recorded, nothing follows from it.
  if (planning ? item.state !== 'planning' : item.state !== 'running' && item.state !== 'checking') return
  const failure = classify(run.outcome as FailedAttempt)
  // What follows from a candidate that was noted is decided.
  if (!failure || (!item.bestOf?.over && item.bestOf?.candidates.some(({ runId }) => runId === run.id))) return
  const history = (await runsOf(tx.db, item.id)).filter(
    (past) => past.id > countedSince(item) && isPlanning(past) === planning && !isSideRun(past),
  )
  const step = nextRetryStep(failure, history, await retrySettings(context, tx, item, run), resetAt)
  if (!planning && isComparing(item.bestOf) && endsCandidate(failure, step)) {
    const locked = await lockItem(tx, item.id)
    if (locked && (await settleCandidate(tx, locked, candidateOf(run, false)))) return
  }
  const over = run.outcome === 'no change' || step.kind === 'escalate' || step.kind === 'replan'
  if (over && !planning && (await returnToReview(tx, run, item))) return
  await applyStep(tx, { item, run, history, failure }, step)
}

/**
 * A review and proposals change nothing about their item: no retry follows, and no attempt is counted. What was handed in
 * counts, also when its process was lost later.
 */
async function endSideRun(tx: Tx, run: RunRow): Promise<void> {
  const handedInAndLost = run.submission !== null && run.outcome === 'runner lost'
  const outcome = handedInAndLost
    ? isReview(run)
      ? 'reviewed'
      : 'proposed'
    : ((run.outcome ?? 'stopped') as FailedAttempt)
  const facts = { stage: 'ended' as const, outcome, failureClass: classify(outcome) ?? null, leaseOwner: null }
  const endedAt = run.endedAt ?? currentTime()
  await tx.db
    .update(runs)
    .set({ ...facts, endedAt })
    .where(eq(runs.id, run.id))
  if (run.stage !== 'ended') await tx.enqueue({ queue: 'schedule' })
  const item = await getItem(tx.db, run.workItemId)
  // It was merged or given up while the agent read: clean-up has waited for this.
  if (item && isTerminal(item)) await tx.enqueue({ queue: 'clean-up', workItemId: item.id })
  await tx.enqueue({ queue: isReview(run) ? 'on-agent-review' : 'on-proposals-submitted', runId: run.id })
}

/** A submission of a planning agent counts, also when its process was lost later. @returns whether there was one. */
async function keepSubmission(tx: Tx, run: RunRow): Promise<boolean> {
  if (run.submission === null || run.stop || run.stage === 'ended') return false
  await tx.db.update(runs).set({ outcome: 'planned', countsAsAttempt: false }).where(eq(runs.id, run.id))
  await tx.enqueue({ queue: 'on-plan-submitted', runId: run.id })
  return true
}

/** Whether the agent has handed something in that is acted on now: questions, or a plan. */
async function handedIn(tx: Tx, run: RunRow, item: ItemRow): Promise<boolean> {
  if (run.outcome === 'asked') {
    await askForBuilder(tx, run, item)
    return true
  }
  return isPlanning(run) && item.state === 'planning' && (await keepSubmission(tx, run))
}

/** The agent that builds has asked: the item waits for the answer, unless it was moved meanwhile. */
async function askForBuilder(tx: Tx, run: RunRow, item: ItemRow): Promise<void> {
  const asked = z.object({ questions: z.array(z.string()).min(1) }).parse(run.submission).questions
  if (item.state !== 'running') return
  const { crew } = settingsOf(await getRepository(tx.db, item.repositoryId))
  const before = (await roundsOf(tx.db, item.id)).filter(({ runId }) => runId !== null).length
  const name = run.memberName ?? run.agent
  await askPeople(tx, item, {
    asked,
    runId: run.id,
    why: builderAsks(name, asked.length),
    text: () => builderQuestions(name, asked, before + 1 >= crew.questions),
  })
}

/** Completes the row of an attempt: its class, whether it counts, and the lesson for the next one. */
async function end(tx: Tx, run: RunRow, item: ItemRow): Promise<RunRow> {
  const outcome = (run.outcome ?? 'stopped') as FailedAttempt
  const failureClass = classify(outcome) ?? null
  const lesson = outcome === 'gates failed' && run.headSha ? await gateLesson(tx.db, item.id, run.headSha) : run.lesson
  const [row] = await tx.db
    .update(runs)
    .set({
      stage: 'ended',
      outcome,
      failureClass,
      lesson,
      countsAsAttempt: outcome !== 'stopped' && (failureClass === null || countsAsAttempt(failureClass)),
      endedAt: run.endedAt ?? currentTime(),
      leaseOwner: null,
    })
    .where(eq(runs.id, run.id))
    .returning()
  // It was given up while the agent worked: clean-up has waited for this.
  if (isTerminal(item)) await tx.enqueue({ queue: 'clean-up', workItemId: item.id })
  return row ?? run
}

interface Failed {
  item: ItemRow
  /** The attempt that has failed, and all that count, this one included. */
  run: RunRow
  history: readonly RunRow[]
  failure: FailureClass
}

async function applyStep(tx: Tx, failed: Failed, step: RetryStep): Promise<void> {
  const { item, run } = failed
  const ended = { ...run, planning: isPlanning(run) }
  if (step.kind === 'escalate' || step.kind === 'halt') return askPerson(tx, failed, step)
  if (step.kind === 'replan') return replanByItself(tx, failed, step.why)
  if (step.kind === 'fresh agent') await tx.db.update(runs).set({ nextCleanWorktree: true }).where(eq(runs.id, run.id))
  const after = step.kind === 'hold until' ? step.at : new Date(currentMs() + step.afterMs)
  if (step.kind !== 'hold until') await noteRestart(tx, run, failed.failure, step)
  const later = after.getTime() > currentMs() ? { after } : {}
  // Whoever was asked for has failed.
  const other = step.kind === 'fresh agent' || step.kind === 'take over' ? { memberId: null } : {}
  const set = { ...other, ...('agent' in step && step.agent !== undefined ? { agent: step.agent } : {}) }
  const why = nextStep(ended, step)
  const waiting = isPlanning(run)
    ? await updateReason(tx, item, { why, set, ...later })
    : await transition(tx, item, 'ready', { actor: 'tutti', why, set, ...later })
  // Such a wait can be long. A comment that says "an agent is working" would be wrong meanwhile.
  if (step.kind === 'hold until') await requestStatusComment(tx, waiting, 'soon')
}

async function askPerson(tx: Tx, { item, run }: Failed, step: { kind: 'escalate' | 'halt'; why: string }) {
  const ended = { ...run, planning: isPlanning(run) }
  const why = messages.needsPerson(ended, step.why) + (await conflictHint(tx, item))
  await transition(tx, item, 'held', { actor: 'tutti', why })
  if (!ended.planning) await tx.enqueue({ queue: 'show-failed-work', workItemId: item.id })
  if (step.kind === 'halt') await haltRepository(tx, item, run.summary)
}

async function replanByItself(tx: Tx, { item, run, history }: Failed, why: string): Promise<void> {
  const gates = item.headSha ? await gateRows(tx.db, item.id, item.headSha) : []
  await tx.db.update(runs).set({ nextCleanWorktree: true }).where(eq(runs.id, run.id))
  await replan(tx, item, {
    why: messages.plannedAgain({ ...run, planning: false }, why),
    set: { replannedSince: run.id, replanHandoff: replanHandoff(why, history, gates), agent: null, memberId: null },
  })
}

/** What a person can do where the agents could not resolve a conflict with the base branch. */
async function conflictHint(tx: Tx, item: ItemRow): Promise<string> {
  const pull = await pullOfItem(tx.db, item.id)
  const conflict = pull?.state === 'open' ? await openConflict(tx.db, pull) : undefined
  return conflict ? conflictForPerson(item.branch, item.baseBranch, conflict.paths) : ''
}

function nextStep(
  ended: messages.EndedAttempt,
  step: Extract<RetryStep, { kind: 'retry' | 'take over' | 'fresh agent' | 'hold until' }>,
): string {
  if (step.kind === 'retry') return messages.triedAgain(ended, step.why)
  if (step.kind === 'take over') return messages.takesOver(ended, step.why, step.agent)
  if (step.kind === 'fresh agent') return messages.freshAgentTries(ended, step.why, step.agent)
  return messages.goesOnAt(ended, step.why, step.at)
}

export const afterRunJob = defineJob(
  {
    queue: 'after-run',
    payload: z.object({ runId: z.number().int(), resetAt: z.string().optional() }),
    onFinalFailure: holdItem,
  },
  afterRun,
)
