/** What CI says about one commit, all checks taken together. Pure. */

import type { Check, CheckReading } from './github.ts'

/** The verdict on a commit, and what it is made of. */
export interface CiState {
  /** `red` as soon as one has failed, whatever is still to come; `green` when all that must report have passed. */
  verdict: 'pending' | 'green' | 'red'
  /** How many have passed ... */
  green: number
  /** ... of how many that reported, or must. */
  total: number
  failures: Check[]
  /** Names of those that have not ended, and of required ones that have not reported. */
  waitsFor: string[]
  /** The server has more checks than it listed. */
  unread: boolean
}

/**
 * Reduces the checks of a commit to one verdict. Our own check run never counts. What has not been read, and a required
 * check that has not reported, means that the verdict is still to come: merging too early is the worse mistake.
 * @param required names that the rules of the base branch require.
 */
export function ciState(reading: CheckReading, required: readonly string[]): CiState {
  const others = reading.checks.filter((check) => !check.own)
  const failures = others.filter((check) => check.verdict === 'failure')
  const reported = new Set(reading.checks.map((check) => check.name))
  const absent = [...new Set(required)].filter((name) => !reported.has(name))
  const pending = others.filter((check) => check.verdict === 'pending').map((check) => check.name)
  const waitsFor = [...new Set([...pending, ...absent])]
  const unread = !reading.complete
  const waits = waitsFor.length > 0 || unread
  return {
    verdict: failures.length > 0 ? 'red' : waits ? 'pending' : 'green',
    green: others.filter((check) => check.verdict === 'success' || check.verdict === 'neutral').length,
    total: others.length + absent.length,
    failures,
    waitsFor,
    unread,
  }
}

/** Why a failure may not be the change's fault. */
export type CiExcuse = 'flaky' | 'base' | 'interrupted'

/** What follows from what CI said. */
export type CiStep =
  | { kind: 'none' }
  /** More is to come: the others, or the rerun that was asked for. */
  | { kind: 'wait' }
  | { kind: 'rerun'; failures: Check[] }
  | { kind: 'fix'; failures: Check[] }
  /** Interrupted in a way that neither a rerun nor an agent can mend. */
  | { kind: 'person'; failures: Check[] }

/** What the next step is decided upon. */
export interface CiFacts {
  state: CiState
  /** CI has been silent for the settle time. */
  settled: boolean
  excuses: ReadonlyMap<string, CiExcuse>
  /** Failures that were asked to run again, as `failureKey` names them, while that may still begin. */
  awaited: ReadonlySet<string>
  /** How often this head was run again. */
  reruns: number
  limits: { rerun: number; fix: boolean }
}

/** Ends that say nothing about the change. */
const interrupted: readonly (string | null)[] = ['cancelled', 'stale', 'startup_failure', 'action_required']

/** Whether a check ended without having judged anything. */
export function isInterrupted({ conclusion }: Pick<Check, 'conclusion'>): boolean {
  return interrupted.includes(conclusion)
}

/** One ending of one check: when the same check run fails again it is another one. */
export function failureKey({ id, completedAt }: Pick<Check, 'id' | 'completedAt'>): string {
  return `${id}@${completedAt?.toISOString() ?? ''}`
}

/**
 * Decides about a head. Failures that may not be the change's fault are run again before anybody works on them; one
 * that is the change's fault is mended at once, with the others left aside.
 */
export function nextCiStep({ state, settled, excuses, awaited, reruns, limits }: CiFacts): CiStep {
  const failures = state.failures.filter((check) => !awaited.has(failureKey(check)))
  const waits = state.waitsFor.length > 0 || state.unread || failures.length < state.failures.length
  if (failures.length === 0) return { kind: state.failures.length > 0 ? 'wait' : 'none' }
  if (waits && !settled) return { kind: 'wait' }
  const real = failures.filter((check) => !excuses.has(check.id))
  const again = real.length === 0 && reruns < limits.rerun && failures.every(canRerun)
  if (again) return { kind: 'rerun', failures }
  const mendable = (real.length > 0 ? real : failures).filter((check) => !isInterrupted(check))
  if (mendable.length === 0) return { kind: 'person', failures }
  return limits.fix ? { kind: 'fix', failures: mendable } : { kind: 'none' }
}

/** Statuses come from outside, and nothing but a new commit brings another one. */
function canRerun({ job, suiteId, conclusion }: Check): boolean {
  return (job !== null || suiteId !== null) && conclusion !== 'action_required'
}
