/** Runs whose process is gone: an agent's attempt is over, and gates run again on the same commit. */

import { eq, inArray } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { giveUpSession, isBuild, isPlanning, type RunRow } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { currentTime } from '../lib/clock.ts'
import { gatesEndProcess, processGone } from '../messages/runs.ts'
import { blamelessLoss } from './retry-policy.ts'

/** Gates that were lost with their process this often are not begun again: they may be what ends it. */
const mostLosses = 20

/**
 * Goes on with runs that were just freed, in the transaction that freed them: a process that dies in between must not
 * leave a run without an owner.
 */
export async function takeOverRuns(tx: Tx, freed: readonly number[]): Promise<void> {
  if (freed.length === 0) return
  const rows = await tx.db
    .select()
    .from(runs)
    .where(inArray(runs.id, [...freed]))
  const atWork = rows.filter((run) => run.stage !== 'ended' && run.stage !== 'waiting')
  for (const run of atWork) await takeOver(tx, run, atWork.length > 1 ? blamelessLoss : null)
}

/** @param signature of the loss, where it was not this run that has ended its process. */
async function takeOver(tx: Tx, run: RunRow, signature: string | null): Promise<void> {
  // Each time a process takes it and each time it is lost raises the epoch.
  if (run.stage === 'gates' && run.leaseEpoch < 2 * mostLosses) {
    await tx.enqueue({ queue: 'run-gates', runId: run.id })
    return
  }
  const summary = run.stage === 'gates' ? gatesEndProcess(mostLosses) : processGone
  // One that plans stays live until `afterRun` has seen what it handed in.
  const stage = isPlanning(run) ? ('gates' as const) : ('ended' as const)
  const outcome = run.stage === 'gates' ? 'gates end the process' : 'runner lost'
  // Its home is as its agent has left it, with the login in it: it is not kept.
  if (run.stage === 'agent' && isBuild(run)) await giveUpSession(tx.db, run.workItemId)
  await tx.db
    .update(runs)
    .set({ stage, outcome, summary, signature, endedAt: currentTime() })
    .where(eq(runs.id, run.id))
  await tx.enqueue({ queue: 'after-run', runId: run.id })
  await tx.enqueue({ queue: 'schedule' })
}
