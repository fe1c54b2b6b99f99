/** An item that several kinds of agent build: what each has made is noted, the next one starts, and in the end one is chosen. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { setFootprint } from '../db/footprints.ts'
import type { RunRow } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { costsOfRuns } from '../db/usage.ts'
import { type ItemRow, transition, updateReason } from '../db/work-items.ts'
import { type BestOf, type Candidate, chooseCandidate, isComparing, nextCandidateKind } from '../domain/best-of.ts'
import { activeStates } from '../domain/lifecycle.ts'
import { candidateChosen, nextCandidateBuilds } from '../messages/best-of.ts'
import { agentName } from '../messages/crew.ts'
import type { FailureClass, RetryStep } from './retry-policy.ts'

/** Of the paths of a candidate, so many are kept. */
const mostPaths = 500

/** What a run has made, as it is noted. @param made about its commit; absent where there is none. */
export function candidateOf(
  run: RunRow,
  passed: boolean,
  made: Partial<Pick<Candidate, 'asks' | 'files' | 'lines' | 'paths'>> = {},
): Candidate {
  const { agent: kind, id: runId, headSha: head, summary } = run
  const { asks = 0, files = 0, lines = 0, paths = [] } = made
  const why = passed ? '' : summary || (run.outcome ?? '')
  return { kind, runId, name: agentName(run), head, passed, asks, files, lines, paths: paths.slice(0, mostPaths), why }
}

/** Whether a failure ends the turn of a kind, and not only one of its attempts: machines, limits and crashes are tried again. */
export function endsCandidate(failure: FailureClass, step: RetryStep): boolean {
  if (step.kind === 'halt') return false
  const own = failure === 'code-error' || failure === 'design-flaw' || failure === 'blocker'
  return own || (step.kind !== 'retry' && step.kind !== 'hold until')
}

/**
 * Notes what a kind has made: the next one starts in a clean tree, or one is chosen and its pull request is opened.
 * @param item locked.
 * @returns false when all have built and none has passed: then the item goes on as any other.
 */
export async function settleCandidate(tx: Tx, item: ItemRow, candidate: Candidate): Promise<boolean> {
  if (!isComparing(item.bestOf)) return false
  // A person has moved it meanwhile: nothing follows.
  if (!activeStates.includes(item.state)) return true
  const others = item.bestOf.candidates.filter(({ kind }) => kind !== candidate.kind)
  const bestOf: BestOf = { ...item.bestOf, candidates: [...others, candidate] }
  const next = nextCandidateKind(bestOf)
  if (next !== undefined) {
    // The other one is told nothing of it; its tree begins at the base, see `beginsAtBase`.
    await tx.db.update(runs).set({ lesson: '' }).where(eq(runs.id, candidate.runId))
    const why = nextCandidateBuilds(candidate, next)
    await transition(tx, item, 'ready', { actor: 'tutti', why, set: { bestOf, headSha: null } })
    return true
  }
  const chosen = chooseCandidate(bestOf.candidates, await costsIn(tx, bestOf))
  if (!chosen) {
    await tx.db
      .update(workItems)
      .set({ bestOf: { ...bestOf, over: true } })
      .where(eq(workItems.id, item.id))
    return false
  }
  const set = { bestOf: { ...bestOf, chosen: chosen.kind }, headSha: chosen.head, agent: chosen.kind }
  const why = candidateChosen(chosen, bestOf)
  if (item.state === 'running') await transition(tx, item, 'checking', { actor: 'tutti', why, set })
  else await updateReason(tx, item, { why, set })
  await setFootprint(tx, item.id, 'observed', chosen.paths)
  await tx.enqueue({ queue: 'open-pull-request', workItemId: item.id })
  await tx.enqueue({ queue: 'capture-learnings', runId: chosen.runId })
  return true
}

/** What the candidates have cost, where all of it is in one currency. */
async function costsIn(tx: Tx, { candidates }: BestOf): Promise<Map<number, number>> {
  const costs = await costsOfRuns(
    tx.db,
    candidates.map(({ runId }) => runId),
  )
  const currencies = new Set([...costs.values()].map(({ currency }) => currency))
  if (currencies.size > 1) return new Map()
  return new Map([...costs].map(([runId, { millionths }]) => [runId, millionths]))
}
