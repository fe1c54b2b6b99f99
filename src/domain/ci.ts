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
