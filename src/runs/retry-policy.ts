/**
 * What follows when an attempt did not succeed. Two pure functions: what kind of failure it was, and what to do next.
 *
 *   retry with context ─► fresh agent ─► escalate to a person
 *
 * Failures of the machine, limits of a provider, and problems that only the operator can solve are not the fault of the
 * work: they use up no attempt of the item.
 */

import * as messages from '../messages/runs.ts'

/** How an attempt ended; stored in `runs.outcome`. */
export type FailedAttempt =
  | 'finished'
  | 'planned'
  | 'gates failed'
  | 'gate broken'
  | 'set-up failed'
  | 'gates end the process'
  | 'no change'
  | 'no plan'
  | 'agent cannot plan'
  | 'crashed'
  | 'hanging'
  | 'out of time'
  | 'protocol error'
  | 'refused the task'
  | 'unsafe change'
  | 'secret in the change'
  | 'agent not installed'
  | 'agent not logged in'
  | 'no sandbox'
  | 'over its disk limit'
  | 'rate limited'
  | 'over its spend limit'
  | 'runner lost'
  | 'workspace failed'
  | 'base branch gone'
  | 'stopped'

export type FailureClass =
  | 'transient'
  | 'infrastructure'
  | 'rate-limit'
  | 'code-error'
  | 'design-flaw'
  | 'blocker'
  | 'critical'

const classes: Record<Exclude<FailedAttempt, 'finished' | 'planned' | 'stopped'>, FailureClass> = {
  'gates failed': 'code-error',
  'no change': 'code-error',
  'no plan': 'code-error',
  'unsafe change': 'code-error',
  'out of time': 'code-error',
  crashed: 'transient',
  hanging: 'transient',
  'protocol error': 'transient',
  'refused the task': 'design-flaw',
  'secret in the change': 'critical',
  'agent cannot plan': 'blocker',
  'agent not installed': 'blocker',
  'agent not logged in': 'blocker',
  'base branch gone': 'blocker',
  'over its spend limit': 'blocker',
  'gates end the process': 'blocker',
  'no sandbox': 'blocker',
  'over its disk limit': 'code-error',
  'rate limited': 'rate-limit',
  'gate broken': 'infrastructure',
  'set-up failed': 'infrastructure',
  'runner lost': 'infrastructure',
  'workspace failed': 'infrastructure',
}

/** The class of an outcome; undefined when nothing failed. */
export function classify(outcome: FailedAttempt): FailureClass | undefined {
  return outcome === 'finished' || outcome === 'planned' || outcome === 'stopped' ? undefined : classes[outcome]
}

/** Whether a failure of this class uses up one of the item's attempts. */
export function countsAsAttempt(failure: FailureClass): boolean {
  return failure !== 'infrastructure' && failure !== 'rate-limit' && failure !== 'blocker'
}

/** The facts of one earlier attempt that the policy needs. */
export interface AttemptHistory {
  outcome: string | null
  failureClass: string | null
  /** The same failure has the same signature, whatever its times, paths and numbers. */
  signature: string | null
  countsAsAttempt: boolean
}

export type RetryStep =
  | { kind: 'retry'; afterMs: number; why: string }
  | { kind: 'fresh agent'; afterMs: number; why: string }
  | { kind: 'hold until'; at: Date; why: string }
  | { kind: 'escalate'; why: string }
  | { kind: 'halt'; why: string }

export interface RetrySettings {
  /** Attempts after the first (FEATURES: defaultMaxRetries 3). */
  retries: number
  /** Wait before a retry; failures of the machine double it each time. */
  retryDelayMs: number
  /** Failures of the machine in a row before a person is asked (escalationThreshold 10). */
  escalationThreshold: number
}

/**
 * The signature of a run that was lost through no fault of its own: Tutti was stopped, its machine stood still, or its
 * process ended with other runs in it, so that none of them can be told to have ended it. A day with ten restarts must not
 * hold an item.
 */
export const blamelessLoss = 'lost with its process'

/** A planning agent without a usable plan gets feedback this often; then a person decides. */
const repairRounds = 1
/** After the same failure this often in a row, another attempt of the same kind does not help. */
const sameFailure = 3
const maxInfrastructureDelayMs = 10 * 60_000

/**
 * The next step after a failed attempt.
 * @param history every attempt of the item including the failed one, oldest first; attempts before a person's `/retry`
 * are not in it.
 * @param resetAt when a provider's limit ends, for `rate-limit`.
 */
export function nextRetryStep(
  failure: FailureClass,
  history: readonly AttemptHistory[],
  settings: RetrySettings,
  resetAt?: Date,
): RetryStep {
  switch (failure) {
    case 'critical':
      return { kind: 'halt', why: messages.personMustLookFirst }
    case 'blocker':
    case 'design-flaw':
      return { kind: 'escalate', why: messages.sameEndExpected }
    case 'rate-limit':
      return {
        kind: 'hold until',
        at: resetAt ?? new Date(Date.now() + 15 * 60_000),
        why: messages.limitResets,
      }
    case 'infrastructure':
      return afterInfrastructure(history, settings)
    case 'transient':
    case 'code-error':
      return afterError(history, settings)
  }
}

function afterInfrastructure(history: readonly AttemptHistory[], settings: RetrySettings): RetryStep {
  const last = trailing(history, (past) => past.failureClass === 'infrastructure')
  const inARow = history.slice(history.length - last).filter((past) => past.signature !== blamelessLoss).length
  if (inARow >= settings.escalationThreshold) return { kind: 'escalate', why: messages.machineFailedRepeatedly(inARow) }
  const setUps = sameSetUpFailures(history)
  if (setUps >= sameFailure) return { kind: 'escalate', why: messages.setUpFailsAgain(setUps) }
  // The first time is most often a restart: the next attempt starts at once.
  const afterMs = inARow <= 1 ? 0 : Math.min(maxInfrastructureDelayMs, settings.retryDelayMs * 2 ** (inARow - 2))
  return { kind: 'retry', afterMs, why: messages.machineFailed }
}

/** A command that fails on the base branch fails again: waiting mends a network, and not a typo. */
function sameSetUpFailures(history: readonly AttemptHistory[]): number {
  const signature = history.at(-1)?.signature ?? null
  return trailing(history, (past) => past.outcome === 'set-up failed' && past.signature === signature)
}

function afterError(history: readonly AttemptHistory[], settings: RetrySettings): RetryStep {
  const counted = history.filter((past) => past.countsAsAttempt)
  if (trailing(counted, (past) => past.outcome === 'no plan') > repairRounds)
    return { kind: 'escalate', why: messages.planDidNotImprove }
  if (counted.length > settings.retries) return { kind: 'escalate', why: messages.attemptsUsedUp(counted.length) }
  const signature = counted.at(-1)?.signature ?? null
  const same = signature === null ? 0 : trailing(counted, (past) => past.signature === signature)
  if (same > sameFailure) return { kind: 'escalate', why: messages.freshAgentFailedToo }
  if (same === sameFailure) {
    return { kind: 'fresh agent', afterMs: settings.retryDelayMs, why: messages.sameFailureInARow(same) }
  }
  // The last attempt goes to a fresh agent in a clean worktree: the cause may be in the worktree.
  const last = settings.retries > 1 && counted.length === settings.retries
  return last
    ? { kind: 'fresh agent', afterMs: settings.retryDelayMs, why: messages.lastAttemptStartsClean }
    : { kind: 'retry', afterMs: settings.retryDelayMs, why: messages.withContext }
}

function trailing(history: readonly AttemptHistory[], matches: (past: AttemptHistory) => boolean): number {
  const firstOther = history.toReversed().findIndex((past) => !matches(past))
  return firstOther === -1 ? history.length : firstOther
}
