/** The ladder at work: an attempt has ended, and this decides what follows. */

import { eq } from 'drizzle-orm'
import { defaultSettings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { getRun, isPlanning, type RunRow, runsOf } from '../db/runs.ts'
import { runs } from '../db/schema/core.ts'
import { advance, announce, getItem, getSystem, type ItemRow, stay } from '../db/work-items.ts'
import type { RunParts } from './context.ts'
import { gateLesson } from './feedback.ts'
import { classify, counts, type LadderSettings, type Next, next, type Outcome } from './retry-policy.ts'

/** Handler of the `settle` queue. */
export async function settle(parts: RunParts, job: { runId: number; resetAt?: string }): Promise<void> {
  await parts.store.transaction(async (tx) => {
    const run = await getRun(tx.db, job.runId)
    const item = run && (await getItem(tx.db, run.workItemId))
    if (!run || !item) return
    const planning = isPlanning(run)
    if (planning && item.state === 'planning' && (await handOver(tx, run))) return
    const ended = await end(tx, run, item)
    if (run.stage !== 'ended') await tx.enqueue({ queue: 'schedule' })
    // Moved aside, or on, by somebody else meanwhile: the attempt is noted, nothing follows from it.
    if (planning ? item.state !== 'planning' : item.state !== 'running' && item.state !== 'checking') return
    const failure = classify(ended.outcome as Outcome)
    if (!failure) return
    const history = (await runsOf(tx.db, item.id)).filter(
      (past) => past.id > (item.freshSince ?? 0) && isPlanning(past) === planning,
    )
    const step = next(
      failure,
      history,
      await ladderSettings(parts, tx, item),
      job.resetAt ? new Date(job.resetAt) : undefined,
    )
    await take(tx, item, ended, step)
  })
}

/** What a planning agent handed in before its process was lost still counts. @returns whether there was something. */
async function handOver(tx: Tx, run: RunRow): Promise<boolean> {
  if (run.submission === null || run.stop || run.stage === 'ended') return false
  await tx.db.update(runs).set({ outcome: 'planned', counts: false }).where(eq(runs.id, run.id))
  await tx.enqueue({ queue: 'planned', runId: run.id })
  return true
}

/** Completes the row of an attempt: its class, whether it counts, and what the next one should know. */
async function end(tx: Tx, run: RunRow, item: ItemRow): Promise<RunRow> {
  const outcome = (run.outcome ?? 'stopped') as Outcome
  const failureClass = classify(outcome) ?? null
  const lesson = outcome === 'gates failed' && run.headSha ? await gateLesson(tx.db, item.id, run.headSha) : run.lesson
  const [row] = await tx.db
    .update(runs)
    .set({
      stage: 'ended',
      outcome,
      failureClass,
      lesson,
      counts: outcome !== 'stopped' && (failureClass === null || counts(failureClass)),
      endedAt: run.endedAt ?? new Date(),
      leaseOwner: null,
    })
    .where(eq(runs.id, run.id))
    .returning()
  return row ?? run
}

async function ladderSettings(parts: RunParts, tx: Tx, item: ItemRow): Promise<LadderSettings> {
  const settings = (await getSystem(tx.db, item.systemId))?.settings ?? defaultSettings()
  return {
    retries: settings.limits.retries,
    retryDelayMs: parts.env.RETRY_DELAY_SECONDS * 1_000,
    escalationThreshold: 10,
  }
}

async function take(tx: Tx, item: ItemRow, run: RunRow, step: Next): Promise<void> {
  const attempt = `${isPlanning(run) ? 'Planning attempt' : 'Attempt'} ${run.attempt}`
  if (step.kind === 'escalate' || step.kind === 'halt') {
    const why = `${attempt} ended with **${run.outcome}**, and a person is needed: ${step.why}.\n\n${sentence(run.summary)}`
    await advance(tx, item, 'held', { actor: 'tutti', why })
    return
  }
  if (step.kind === 'fresh agent') await tx.db.update(runs).set({ nextClean: true }).where(eq(runs.id, run.id))
  const after = step.kind === 'hold until' ? step.at : new Date(Date.now() + step.afterMs)
  const later = after.getTime() > Date.now() ? { after } : {}
  const why = `${attempt} ended with ${run.outcome}: ${sentence(run.summary.slice(0, 1_500))} ${follows(step)}`
  const waiting = isPlanning(run)
    ? await stay(tx, item, { why, ...later })
    : await advance(tx, item, 'ready', { actor: 'tutti', why, ...later })
  // Such a wait can be long; a comment that says "an agent is working" meanwhile would be wrong.
  if (step.kind === 'hold until') await announce(tx, waiting, 'soon')
}

/** What people read about the next rung. */
function follows(step: Extract<Next, { kind: 'retry' | 'fresh agent' | 'hold until' }>): string {
  if (step.kind === 'retry') return `It is tried again: ${step.why}.`
  if (step.kind === 'fresh agent') return `A fresh agent tries next: ${step.why}.`
  const [day, time = ''] = step.at.toISOString().split('T')
  return `It goes on at ${time.slice(0, 5)} UTC on ${day}: ${step.why}. This costs no attempt.`
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`
}
