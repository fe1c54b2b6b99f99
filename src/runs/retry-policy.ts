/**
 * What follows when an attempt did not succeed. Two pure functions: what kind of failure it was, and what to do next.
 *
 *   retry with context ─► fresh agent ─► escalate to a person
 *
 * Failures of the machine, of a provider's limits, and what only the operator can mend are not the work's fault: they
 * never burn an attempt of the item.
 */

/** How an attempt ended, in one word; stored in `runs.outcome`. */
export type FailedAttempt =
  | 'finished'
  | 'planned'
  | 'gates failed'
  | 'gate broken'
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
  'rate limited': 'rate-limit',
  'gate broken': 'infrastructure',
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

/** One earlier attempt, as far as the ladder looks at it. */
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

/** An agent that hands in no plan that can be used is told so this often; then a person is asked. */
const repairRounds = 1
/** The same failure this often in a row means that more of the same will not help. */
const sameFailure = 3
const maxInfrastructureDelayMs = 10 * 60_000

/**
 * The next rung.
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
      return { kind: 'halt', why: 'this must not be tried again before a person has looked' }
    case 'blocker':
    case 'design-flaw':
      return { kind: 'escalate', why: 'another attempt would end the same way' }
    case 'rate-limit':
      return {
        kind: 'hold until',
        at: resetAt ?? new Date(Date.now() + 15 * 60_000),
        why: "the provider's limit resets then",
      }
    case 'infrastructure':
      return afterInfrastructure(history, settings)
    case 'transient':
    case 'code-error':
      return afterError(history, settings)
  }
}

function afterInfrastructure(history: readonly AttemptHistory[], settings: RetrySettings): RetryStep {
  const inARow = trailing(history, (past) => past.failureClass === 'infrastructure')
  if (inARow >= settings.escalationThreshold)
    return { kind: 'escalate', why: `the machine failed ${inARow} times in a row` }
  // The first time is most often a restart: go on at once.
  const afterMs = inARow <= 1 ? 0 : Math.min(maxInfrastructureDelayMs, settings.retryDelayMs * 2 ** (inARow - 2))
  return { kind: 'retry', afterMs, why: 'the machine failed, not the work' }
}

function afterError(history: readonly AttemptHistory[], settings: RetrySettings): RetryStep {
  const counted = history.filter((past) => past.countsAsAttempt)
  if (trailing(counted, (past) => past.outcome === 'no plan') > repairRounds)
    return { kind: 'escalate', why: 'it was told what was wrong, and did no better' }
  if (counted.length > settings.retries) {
    return {
      kind: 'escalate',
      why: counted.length === 1 ? 'its one attempt is used up' : `all ${counted.length} attempts are used up`,
    }
  }
  const signature = counted.at(-1)?.signature ?? null
  const same = signature === null ? 0 : trailing(counted, (past) => past.signature === signature)
  if (same > sameFailure) return { kind: 'escalate', why: 'a fresh agent met the very same failure' }
  if (same === sameFailure) {
    return { kind: 'fresh agent', afterMs: settings.retryDelayMs, why: `the same failure ${same} times in a row` }
  }
  // The last attempt goes to a fresh agent in a clean tree: what went wrong may be in the tree.
  const last = settings.retries > 1 && counted.length === settings.retries
  return last
    ? { kind: 'fresh agent', afterMs: settings.retryDelayMs, why: 'the last attempt starts from a clean tree' }
    : { kind: 'retry', afterMs: settings.retryDelayMs, why: 'with what went wrong as context' }
}

function trailing(history: readonly AttemptHistory[], matches: (past: AttemptHistory) => boolean): number {
  const firstOther = history.toReversed().findIndex((past) => !matches(past))
  return firstOther === -1 ? history.length : firstOther
}
