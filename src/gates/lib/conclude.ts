/** What follows from the verdicts of the gates on a commit. */

import type { Tx } from '../../db/connect.ts'
import { savePictures } from '../../db/pictures.ts'
import { saveGateResult } from '../../db/pull-requests.ts'
import { endRun, type Lease, type RunRow } from '../../db/runs.ts'
import { type ItemRow, lockItem } from '../../db/work-items.ts'
import { type Candidate, isComparing } from '../../domain/best-of.ts'
import { isAgentRun } from '../../domain/run-author.ts'
import type { TestFacts } from '../../domain/test-facts.ts'
import { withLog } from '../../messages/runs.ts'
import { candidateOf, settleCandidate } from '../../runs/candidates.ts'
import { noRoomLeft } from '../../runs/full-disk.ts'
import type { GateResult } from '../judge.ts'

/** The verdicts, what the commit adds to the tests, and its size. */
export interface Judged {
  results: GateResult[]
  tests: Pick<TestFacts, 'files' | 'cases'>
  size: Pick<Candidate, 'files' | 'lines' | 'paths'>
}

/** Stores the verdicts on the commit of a run, and queues what follows. @throws {LeaseLost} as `endRun`. */
export async function concludeGates(
  tx: Tx,
  lease: Lease,
  {
    item,
    run,
    drafts,
    tests,
    size,
    noRoom,
  }: {
    item: ItemRow
    run: RunRow
    drafts: boolean
    tests: TestFacts
    size: Judged['size']
    /** The disk was full: what failed is not said to have failed. */
    noRoom: boolean
  },
  results: GateResult[],
): Promise<void> {
  if (noRoom && !run.stop) {
    await endRun(tx, lease, noRoomLeft)
    await tx.enqueue({ queue: 'after-run', runId: run.id })
    return
  }
  const failing = results.filter((result) => result.verdict === 'fail')
  const outcome = run.stop ? 'stopped' : outcomeOf(failing)
  const signature = failing.map((result) => `${result.gate}: ${result.signature ?? result.summary}`).join('\n')
  const summary = failing.length > 0 ? failing.map((result) => summaryOf(result)).join('; ') : run.summary
  await endRun(tx, lease, { outcome, summary, signature: signature || null, testFacts: tests })
  // A broken gate has not judged the commit: the next attempt runs it again.
  await saveResults(
    tx,
    item,
    run.headSha ?? '',
    results.filter((result) => !result.broken),
  )
  // What a person has pushed, and what a draft shows, is on the server, so that the check run can be too.
  if (outcome === 'gates failed' && (run.agent === 'person' || (drafts && !isComparing(item.bestOf))))
    await tx.enqueue({ queue: 'show-failed-work', workItemId: item.id })
  const current = await lockItem(tx, item.id)
  const passed = outcome === 'finished' && current?.state === 'checking' && current.headSha === run.headSha
  if (passed && isComparing(current.bestOf)) {
    const asks = results.filter(({ verdict }) => verdict === 'needs-approval').length
    await settleCandidate(tx, current, candidateOf(run, true, { ...size, asks }))
  } else if (passed) {
    await tx.enqueue({ queue: 'open-pull-request', workItemId: item.id })
    if (isAgentRun(run)) await tx.enqueue({ queue: 'capture-learnings', runId: run.id })
  } else await tx.enqueue({ queue: 'after-run', runId: run.id })
}

/** The log of a failed set-up step stands with it: it is stored nowhere else. */
function summaryOf({ gate, summary, log = '', broken }: GateResult): string {
  return broken === 'set-up' ? withLog(summary, log) : `${gate}: ${summary}`
}

function outcomeOf(failing: GateResult[]): 'finished' | 'gates failed' | 'gate broken' | 'set-up failed' {
  if (failing.length === 0) return 'finished'
  if (failing.some((result) => !result.broken)) return 'gates failed'
  return failing.some((result) => result.broken === 'set-up') ? 'set-up failed' : 'gate broken'
}

async function saveResults(tx: Tx, item: ItemRow, head: string, results: GateResult[]): Promise<void> {
  for (const { gate, verdict, summary, log = '', logDigest = null, milliseconds, pictures = [] } of results) {
    const judged = { workItemId: item.id, sha: head, gate }
    await saveGateResult(tx, { ...judged, verdict, summary, log, logDigest, milliseconds })
    await savePictures(tx, judged, pictures)
  }
}
