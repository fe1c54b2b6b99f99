/**
 * Puts back what should be moving and has no owner, whatever the reason: a job that was lost, a statement that failed at
 * the wrong moment, a defect. On every process and by the database's clock; done twice, it does no harm.
 */

import type { Logger } from 'pino'
import type { Store, Tx } from '../db/connect.ts'
import { servedRepositories } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { liveRuns } from '../db/runs.ts'
import {
  effectsLackPublisher,
  type IdleItem,
  idleItems,
  itemsLackScheduler,
  type OwnerlessRun,
  ownerlessRuns,
  takeRescueTurn,
  unprocessedDeliveries,
} from '../db/stuck-rows.ts'
import { lockItem, transition } from '../db/work-items.ts'
import type { Job } from '../domain/jobs.ts'
import { reviewStates } from '../domain/lifecycle.ts'
import { counted } from '../lib/counted.ts'
import type { ItemState } from '../lib/item-state.ts'
import { mergeLost, startsAgain } from '../messages/runs.ts'
import { classify, type FailedAttempt } from '../runs/retry-policy.ts'
import { resolveViolations } from '../scheduling/singletons.ts'

/** What has an item move again: a job, or another state where there is nothing to go on with. */
type Step = { job: Job } | { to: Extract<ItemState, 'ready' | 'reviewing'>; why: string }

/**
 * Looks once.
 * @param seconds for how long a row must have had no owner. A delivery may wait four times as long for its turn.
 * @returns what was put back, for the log.
 */
export async function rescue({ store, log }: { store: Store; log: Logger }, seconds: number): Promise<string[]> {
  const found = await store.transaction(async (tx) => {
    if (!(await takeRescueTurn(tx))) return []
    return [
      ...(await rescueRuns(tx, seconds)),
      ...(await rescueItems(tx, seconds)),
      ...(await rescueDeliveries(tx, seconds * 4)),
      ...(await endSurplusAgents(tx)),
      ...(await wake(tx, seconds)),
    ]
  })
  if (found.length > 0)
    log.warn({ found }, `${counted(found.length, 'thing')} had no owner, and ${found.length === 1 ? 'goes' : 'go'} on`)
  return found
}

async function rescueRuns(tx: Tx, seconds: number): Promise<string[]> {
  const found = await ownerlessRuns(tx.db, seconds)
  for (const run of found) await tx.enqueue(jobForRun(run))
  return found.map((run) => `run ${run.id} (${run.stage})`)
}

/** The job that goes on with a run; where nothing waits for its result any more, the one that closes it. */
export function jobForRun({ id, stage, purpose, stop, itemState }: OwnerlessRun): Job {
  const building = purpose === 'build'
  const expected = building ? (stage === 'waiting' ? 'running' : 'checking') : 'planning'
  const reading = { review: reviewStates.includes(itemState), propose: true } as const
  const wanted = purpose === 'review' || purpose === 'propose' ? reading[purpose] : itemState === expected
  if (stop !== null || !wanted) return { queue: 'after-run', runId: id }
  if (stage === 'waiting') return { queue: 'run-agent', runId: id }
  return { queue: building ? 'run-gates' : 'after-run', runId: id }
}

async function rescueItems(tx: Tx, seconds: number): Promise<string[]> {
  const found = await idleItems(tx.db, seconds)
  const notes: string[] = []
  for (const idle of found) {
    const step = stepForItem(idle)
    if ('job' in step) await tx.enqueue(step.job)
    else {
      const item = await lockItem(tx, idle.id)
      if (item?.state !== idle.state) continue
      await transition(tx, item, step.to, { actor: 'tutti', why: step.why })
    }
    notes.push(`item ${idle.id} (${idle.state})`)
  }
  return notes
}

/** How an item goes on that is in a state of ours while nothing is under way for it. */
export function stepForItem(item: IdleItem): Step {
  const { id, state } = item
  if (state === 'queued') return { job: { queue: 'triage', workItemId: id } }
  if (state === 'merging') {
    const { effectId } = item
    return effectId === null
      ? { to: 'reviewing', why: mergeLost }
      : { job: { queue: 'on-pull-request-merged', effectId } }
  }
  // What was chosen need not be what the last run has made.
  if (state === 'checking' && item.chosenHead && item.chosenHead === item.headSha) return { job: jobForPassed(item) }
  if (item.runId !== null && classify(item.outcome as FailedAttempt))
    return { job: { queue: 'after-run', runId: item.runId } }
  const passed = state === 'checking' && item.outcome === 'finished' && item.runHead === item.headSha
  return passed ? { job: jobForPassed(item) } : { to: 'ready', why: startsAgain }
}

/** The gates have passed: its pull request is to be opened, or has been. */
function jobForPassed({ id, headSha, effectId, effectState, effectSha }: IdleItem): Job {
  const answered = effectState === 'failed' || (effectState === 'done' && effectSha === headSha)
  return answered && effectId !== null
    ? { queue: 'on-pull-request-opened', effectId }
    : { queue: 'open-pull-request', workItemId: id }
}

/** Each alone: one that ends its process must not take the others with it again. */
async function rescueDeliveries(tx: Tx, seconds: number): Promise<string[]> {
  const found = await unprocessedDeliveries(tx.db, seconds)
  for (const deliveryId of found) await tx.enqueue({ queue: 'process-delivery', deliveryIds: [deliveryId] })
  return found.map((deliveryId) => `delivery ${deliveryId}`)
}

/** Agents that are more than one where the settings allow one: they got past the scheduler, or the settings have changed. */
async function endSurplusAgents(tx: Tx): Promise<string[]> {
  // One that is being stopped is known already.
  const live = (await liveRuns(tx.db)).filter(({ run }) => run.stop === null)
  const byRepository = Map.groupBy(live, ({ item }) => item.repositoryId)
  const ended: string[] = []
  for (const repo of await servedRepositories(tx.db)) {
    if ((byRepository.get(repo.id)?.length ?? 0) < 2) continue
    const found = (await resolveViolations(tx, repo, settingsOf(repo))).flatMap(({ stopped }) => stopped)
    ended.push(...found.map((id) => `agent ${id}, one too many in ${repo.fullName}`))
  }
  return ended
}

async function wake(tx: Tx, seconds: number): Promise<string[]> {
  const woken: string[] = []
  if (await effectsLackPublisher(tx.db, seconds)) {
    await tx.enqueue({ queue: 'publish-effects' })
    woken.push('the publisher')
  }
  if (await itemsLackScheduler(tx.db, seconds)) {
    await tx.enqueue({ queue: 'schedule' })
    woken.push('the scheduler')
  }
  return woken
}
