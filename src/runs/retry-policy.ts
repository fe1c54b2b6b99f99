/**
 * What follows when an attempt did not succeed. Two pure functions: what kind of failure it was, and what to do next.
 *
 *   retry with context ─► fresh agent, of another kind where there is one ─► replan, once ─► escalate to a person
 *
 * Failures of the machine, limits of a provider, and problems that only the operator can solve are not the fault of the
 * work: they use up no attempt of the item.
 */

import { currentMs } from '../lib/clock.ts'
import * as messages from '../messages/runs.ts'

/** How an attempt ended; stored in `runs.outcome`. */
export type FailedAttempt =
  | 'finished'
  | 'planned'
  | 'reviewed'
  | 'proposed'
  | 'gates failed'
  | 'gate broken'
  | 'set-up failed'
  | 'gates end the process'
  | 'no change'
  | 'no plan'
  | 'no review'
  | 'no proposals'
  | 'agent cannot plan'
  | 'agent cannot review'
  | 'agent cannot propose'
  | 'crashed'
  | 'hanging'
  | 'out of time'
  | 'protocol error'
  | 'unfinished turn'
  | 'refused the task'
  | 'unsafe change'
  | 'secret in the change'
  | 'agent not installed'
  | 'agent not logged in'
  | 'no sandbox'
  | 'over its disk limit'
  | 'disk full'
  | 'rate limited'
  | 'out of credit'
  | 'model not offered'
  | 'provider outage'
  | 'request rejected'
  | 'over its spend limit'
  | 'over the limit of a day'
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

/** The ends with which nothing failed. */
export type SuccessfulEnd = 'finished' | 'planned' | 'reviewed' | 'proposed'

const classes: Record<Exclude<FailedAttempt, SuccessfulEnd | 'stopped'>, FailureClass> = {
  'gates failed': 'code-error',
  'no change': 'code-error',
  'no plan': 'code-error',
  'no review': 'code-error',
  'no proposals': 'code-error',
  'unsafe change': 'code-error',
  'out of time': 'code-error',
  crashed: 'transient',
  hanging: 'transient',
  'protocol error': 'transient',
  'request rejected': 'transient',
  'unfinished turn': 'code-error',
  'refused the task': 'design-flaw',
  'secret in the change': 'critical',
  'agent cannot plan': 'blocker',
  'agent cannot review': 'blocker',
  'agent cannot propose': 'blocker',
  'agent not installed': 'blocker',
  'agent not logged in': 'blocker',
  'out of credit': 'blocker',
  'model not offered': 'blocker',
  'base branch gone': 'blocker',
  'over its spend limit': 'blocker',
  'gates end the process': 'blocker',
  'no sandbox': 'blocker',
  'over its disk limit': 'code-error',
  'rate limited': 'rate-limit',
  'over the limit of a day': 'rate-limit',
  'provider outage': 'infrastructure',
  'gate broken': 'infrastructure',
  'set-up failed': 'infrastructure',
  'runner lost': 'infrastructure',
  'workspace failed': 'infrastructure',
  'disk full': 'infrastructure',
}

/** The class of an outcome; undefined when nothing failed. */
export function classify(outcome: FailedAttempt): FailureClass | undefined {
  return Object.hasOwn(classes, outcome) ? classes[outcome as keyof typeof classes] : undefined
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
  /** The kind of agent; absent where it does not matter. */
  agent?: string
}

export type RetryStep =
  | { kind: 'retry'; afterMs: number; why: string }
  /** Another kind goes on in the same worktree: the one before could not work, and has spoilt nothing. */
  | { kind: 'take over'; agent: string; afterMs: number; why: string }
  /** A clean worktree. `agent` is absent where no other kind may work here. */
  | { kind: 'fresh agent'; agent?: string; afterMs: number; why: string }
  /** The item goes back to planning, with what has failed. Attempts count from one again. */
  | { kind: 'replan'; why: string }
  | { kind: 'hold until'; at: Date; why: string }
  | { kind: 'escalate'; why: string }
  | { kind: 'halt'; why: string }

export interface RetrySettings {
  /** Attempts after the first. */
  retries: number
  /** Wait before a retry; failures of the machine double it each time. */
  retryDelayMs: number
  /** Failures of the machine in a row before a person is asked (escalationThreshold 10). */
  escalationThreshold: number
  /** Kinds of agent that may work on the item besides the one that failed, in order of preference; none when absent. */
  otherAgents?: readonly string[]
  /** Whether it may be planned again: it was not so far, and its agent can plan. */
  mayReplan?: boolean
}

/**
 * The signature of a run that was lost through no fault of its own: Tutti was stopped, its machine stood still, or its
 * process ended with other runs in it, so that none of them is known to have ended it. A day with ten restarts must not
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
      return takenOver(history, settings) ?? { kind: 'escalate', why: messages.sameEndExpected }
    case 'design-flaw':
      return replanned(settings, messages.sameEndExpected) ?? { kind: 'escalate', why: messages.sameEndExpected }
    case 'rate-limit':
      return (
        takenOver(history, settings) ?? {
          kind: 'hold until',
          at: resetAt ?? new Date(currentMs() + 15 * 60_000),
          why: history.at(-1)?.outcome === 'over the limit of a day' ? messages.dayIsOver : messages.limitResets,
        }
      )
    case 'infrastructure':
      return afterInfrastructure(history, settings)
    case 'transient':
    case 'code-error':
      return afterError(history, settings)
  }
}

/** What can last for hours and is no fault of the work is waited out, at most ten minutes at a time. @param times so far. */
function waitOut(times: number, settings: RetrySettings, why: string): RetryStep {
  const afterMs = Math.min(maxInfrastructureDelayMs, settings.retryDelayMs * 2 ** Math.min(times, 20))
  return { kind: 'hold until', at: new Date(currentMs() + afterMs), why }
}

function afterInfrastructure(history: readonly AttemptHistory[], settings: RetrySettings): RetryStep {
  const outages = trailing(history, (past) => past.outcome === 'provider outage')
  // The first one may be over in seconds: it is waited out, in the same hands.
  if (outages > 0) {
    const other = outages > 1 ? takenOver(history, settings) : undefined
    return other ?? waitOut(outages, settings, messages.providerMayRecover)
  }
  const full = trailing(history, (past) => past.outcome === 'disk full')
  if (full > 0) return waitOut(full, settings, messages.roomMayBeMade)
  const last = trailing(history, (past) => past.failureClass === 'infrastructure')
  const failures = history.slice(history.length - last).filter((past) => past.outcome !== 'disk full')
  const inARow = failures.filter((past) => past.signature !== blamelessLoss).length
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
  if (counted.length > settings.retries) return afterLast(counted, settings, messages.attemptsUsedUp(counted.length))
  const signature = counted.at(-1)?.signature ?? null
  const same = signature === null ? 0 : trailing(counted, (past) => past.signature === signature)
  if (same > sameFailure) return afterLast(counted, settings, messages.freshAgentFailedToo)
  if (same === sameFailure) return freshAgent(history, settings, messages.sameFailureInARow(same))
  // The last attempt goes to a fresh agent in a clean worktree: the cause may be in the worktree.
  const last = settings.retries > 1 && counted.length === settings.retries
  if (last) return freshAgent(history, settings, messages.lastAttemptStartsClean)
  return { kind: 'retry', afterMs: backoffMs(counted, settings), why: messages.withContext }
}

/**
 * An agent that crashes or hangs starts again after a delay that doubles: its provider or its machine may be at fault. A
 * failure of the work does not go away by waiting.
 */
function backoffMs(counted: readonly AttemptHistory[], { retryDelayMs }: RetrySettings): number {
  const broken = trailing(counted, (past) => past.failureClass === 'transient')
  return Math.min(maxInfrastructureDelayMs, retryDelayMs * 2 ** Math.max(0, broken - 1))
}

function freshAgent(history: readonly AttemptHistory[], settings: RetrySettings, why: string): RetryStep {
  const agent = untriedAgent(history, settings)
  return { kind: 'fresh agent', ...(agent === undefined ? {} : { agent }), afterMs: settings.retryDelayMs, why }
}

/** A crash says nothing about the plan: only failures of the work are planned again. */
function afterLast(counted: readonly AttemptHistory[], settings: RetrySettings, why: string): RetryStep {
  const work = counted.at(-1)?.failureClass === 'code-error'
  return (work ? replanned(settings, why) : undefined) ?? { kind: 'escalate', why }
}

/** Who allows one attempt only wants no second round of them either. */
function replanned({ mayReplan, retries }: RetrySettings, why: string): RetryStep | undefined {
  return mayReplan && retries > 0 ? { kind: 'replan', why } : undefined
}

/** Ways to end that say "this kind cannot work now", and nothing about the work. */
const cannotWork: readonly (string | null)[] = [
  ...['rate limited', 'agent not installed', 'agent not logged in'],
  ...['out of credit', 'model not offered', 'provider outage'],
]

function takenOver(history: readonly AttemptHistory[], settings: RetrySettings): RetryStep | undefined {
  const last = history.at(-1)
  if (!last || !cannotWork.includes(last.outcome)) return undefined
  const unable = new Set(history.filter((past) => cannotWork.includes(past.outcome)).map((past) => past.agent))
  const agent = settings.otherAgents?.find((kind) => !unable.has(kind))
  return agent === undefined ? undefined : { kind: 'take over', agent, afterMs: 0, why: messages.otherKindTakesOver }
}

/** A kind that has not tried it yet. */
function untriedAgent(history: readonly AttemptHistory[], { otherAgents = [] }: RetrySettings): string | undefined {
  const tried = new Set(history.map((past) => past.agent))
  return otherAgents.find((kind) => !tried.has(kind))
}

function trailing(history: readonly AttemptHistory[], matches: (past: AttemptHistory) => boolean): number {
  const firstOther = history.toReversed().findIndex((past) => !matches(past))
  return firstOther === -1 ? history.length : firstOther
}
