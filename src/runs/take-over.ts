/** Runs whose process is gone: an agent's attempt is over, and gates run again on the same commit. */

import { eq, inArray } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { isPlanning, type RunRow } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { gatesEndProcess, processGone } from '../messages/runs.ts'

/** Gates that were lost with their process this often are not begun again: they may be what ends it. */
const mostLosses = 20

/**
 * Goes on with runs that were just freed, in the transaction that freed them: a process that dies in between must not
 * leave a run that is nobody's.
 */
export async function takeOverRuns(tx: Tx, freed: readonly number[]): Promise<void> {
  if (freed.length === 0) return
  const rows = await tx.db
    .select()
    .from(runs)
    .where(inArray(runs.id, [...freed]))
  for (const run of rows) await takeOver(tx, run)
}

async function takeOver(tx: Tx, run: RunRow): Promise<void> {
  if (run.stage === 'ended' || run.stage === 'waiting') return
  // Each time a process takes it and each time it is lost raises the epoch.
  if (run.stage === 'gates' && run.leaseEpoch < 2 * mostLosses) {
    await tx.enqueue({ queue: 'run-gates', runId: run.id })
    return
  }
  const summary = run.stage === 'gates' ? gatesEndProcess(mostLosses) : processGone
  // One that plans stays live until `afterRun` has seen what it handed in.
  const stage = isPlanning(run) ? ('gates' as const) : ('ended' as const)
  const outcome = run.stage === 'gates' ? 'gates end the process' : 'runner lost'
  await tx.db.update(runs).set({ stage, outcome, summary, endedAt: new Date() }).where(eq(runs.id, run.id))
  await tx.enqueue({ queue: 'after-run', runId: run.id })
  await tx.enqueue({ queue: 'schedule' })
}
