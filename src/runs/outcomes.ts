/** How an attempt ended: its outcome, a sentence for people, a lesson for the next attempt. */

import type { AgentOutcome } from '../agents/drivers/agent-run.ts'
import { nextDay } from '../db/usage.ts'
import type { Violation } from '../git/import-policy.ts'
import { currentTime } from '../lib/clock.ts'
import type { Sha } from '../lib/ids.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import * as messages from '../messages/runs.ts'
import { overDiskLesson, overDiskLimit } from '../messages/sandbox.ts'
import type { PassedDay } from './day-limits.ts'
import type { StopReason } from './heartbeat.ts'
import { blamelessLoss, type FailedAttempt, type SuccessfulEnd } from './retry-policy.ts'

/** How an attempt ended. */
export type AttemptEnd =
  /** `ignored`: what it left that `.gitignore` hides. */
  | { outcome: 'finished'; head: Sha; summary: string; ignored: string[] }
  /** The agent has submitted a plan or questions; they are in the run's row. */
  | { outcome: 'planned'; summary: string }
  /** The agent has submitted its review of a commit; it is in the run's row. */
  | { outcome: 'reviewed'; summary: string }
  /** The agent has handed in proposals; they are in the run's row. */
  | { outcome: 'proposed'; summary: string }
  /** The agent that builds has questions for people. */
  | { outcome: 'asked'; summary: string; questions: string[] }
  | FailedEnd

/** How an attempt ended without a result. */
export interface FailedEnd {
  outcome: Exclude<FailedAttempt, SuccessfulEnd>
  summary: string
  /** For the agent of the next attempt; the summary when absent. */
  lesson?: string
  signature?: string
  /** The end of what the agent printed. */
  logTail?: string
  resetAt?: Date
}

/** A change that the import policy refused. */
export function unsafe(violations: Violation[]): AttemptEnd {
  const rows = violations.slice(0, 20).map((one) => `- \`${one.path}\` ${one.reason}`)
  return {
    outcome: 'unsafe change',
    summary: messages.changeNotImported(violations[0]?.path, violations[0]?.reason),
    lesson: `The change was not taken. Mend these:\n\n${rows.join('\n')}`,
    signature: `unsafe ${[...new Set(violations.map((one) => one.kind))].join(', ')}`,
  }
}

/** The ending of an agent that failed; undefined when it finished or was stopped. */
export function failureOf(outcome: AgentOutcome): FailedEnd | undefined {
  switch (outcome.kind) {
    case 'missing-program':
      return {
        outcome: 'agent not installed',
        summary: messages.agentMissing(outcome.program, outcome.install),
      }
    case 'needs-login':
      return {
        outcome: 'agent not logged in',
        summary: messages.agentNeedsLogin(outcome.message, outcome.install),
      }
    case 'crashed': {
      const how = outcome.signal ? `signal ${outcome.signal}` : `exit code ${outcome.exitCode}`
      return {
        outcome: 'crashed',
        summary: messages.agentCrashed(how),
        lesson: `The agent ended with ${how}. Its last output:\n\n${outcome.tail}`,
        signature: `crashed ${how}`,
      }
    }
    case 'idle':
      return { outcome: 'hanging', summary: messages.agentSilent(outcome.afterMs), signature: 'hanging' }
    case 'time-limit':
      return { outcome: 'out of time', summary: messages.agentOutOfTime(outcome.afterMs), signature: 'out of time' }
    case 'protocol-error':
      return {
        outcome: 'protocol error',
        summary: messages.agentBrokeProtocol(outcome.message),
        signature: `protocol ${outcome.reason}`,
      }
    case 'supervisor-lost':
      return {
        outcome: 'runner lost',
        summary: messages.supervisorLost(outcome.message),
        signature: `supervisor ${outcome.message}`,
      }
    case 'refused':
      return { outcome: 'refused the task', summary: messages.agentRefused(outcome.message) }
    case 'provider-failed':
      return providerFailed(outcome)
    case 'unfinished':
      return {
        outcome: 'unfinished turn',
        summary: messages.agentUnfinished(outcome.message),
        lesson: messages.goOnWithoutIt(outcome.message),
        signature: 'unfinished turn',
      }
    case 'rate-limited':
      return {
        outcome: 'rate limited',
        summary: outcome.message,
        ...(outcome.resetAt ? { resetAt: new Date(outcome.resetAt) } : {}),
      }
    default:
      return undefined
  }
}

/** The provider's words are quoted: the operator searches for them. */
function providerFailed({ problem, message }: Extract<AgentOutcome, { kind: 'provider-failed' }>): FailedEnd {
  switch (problem) {
    case 'billing':
      return { outcome: 'out of credit', summary: messages.providerWantsMoney(message) }
    case 'model':
      return { outcome: 'model not offered', summary: messages.modelRefused(message) }
    case 'outage':
      return { outcome: 'provider outage', summary: messages.providerFails(message), signature: 'provider outage' }
    case 'request':
      return {
        outcome: 'request rejected',
        summary: messages.requestRejected(message),
        signature: `request rejected ${firstCharacters(message.replace(/\d+/g, '0'), 200)}`,
      }
  }
}

/**
 * The outcome of an agent that was stopped for its cost when its work was done already: that work counts, with a note. An
 * agent may report what a turn has cost only at its end.
 */
export function doneDespiteCost(
  outcome: AgentOutcome,
  reason: unknown,
): { outcome: Extract<AgentOutcome, { kind: 'finished' }>; note: string } | undefined {
  if (outcome.kind !== 'stopped' || outcome.finished === undefined || !isCostStop(reason)) return undefined
  return { outcome: { kind: 'finished', stopReason: 'end_turn', summary: outcome.finished }, note: passedNote(reason) }
}

function passedNote(reason: Extract<StopReason, object>): string {
  if ('day' in reason) return messages.passedDayNote(reason)
  if ('tokens' in reason) return messages.tokenLimitPassed(reason.tokens, reason.limit)
  return messages.costLimitPassed(reason.cost.millionths, reason.limit, reason.cost.currency)
}

/** Whether a run was stopped because it had used too much money or too many tokens. */
export function isCostStop(reason: unknown): reason is Extract<StopReason, object> {
  return typeof reason === 'object' && reason !== null && ['cost', 'tokens', 'day'].some((key) => key in reason)
}

/** Sentences for the pull request about a turn that a limit has ended; none for one that the agent has ended itself. */
export function cutShort(outcome: AgentOutcome): string[] {
  if (outcome.kind !== 'finished') return []
  if (outcome.stopReason === 'max_tokens') return [messages.cutByTokens]
  return outcome.stopReason === 'max_turn_requests' ? [messages.cutByRequests] : []
}

/** The ending of a run that was stopped. Where another process has taken it over, it is not written. */
export function stopped(reason: StopReason): AttemptEnd {
  const lost = { outcome: 'runner lost' as const, signature: blamelessLoss }
  if (reason === 'lease lost') return { ...lost, summary: messages.stoodStill }
  if (reason === 'shutdown') return { ...lost, summary: messages.stoppedByShutdown }
  if (reason === 'over disk')
    return { outcome: 'over its disk limit', summary: overDiskLimit, lesson: overDiskLesson, signature: 'over disk' }
  if (reason !== 'asked') return overLimit(reason)
  return { outcome: 'stopped', summary: messages.stoppedOnRequest }
}

/** It goes on when the day is over; nothing about the work was wrong. */
function overDay(passed: PassedDay): AttemptEnd {
  const summary = messages.stoppedForDay(passed)
  return { outcome: 'over the limit of a day', summary, lesson: messages.goOnNextDay, resetAt: nextDay(currentTime()) }
}

function overLimit(reason: Exclude<StopReason, string>): AttemptEnd {
  if ('day' in reason) return overDay(reason)
  const outcome = 'over its spend limit' as const
  if ('tokens' in reason) {
    const summary = messages.tokenLimitExceeded(reason.tokens, reason.limit)
    return { outcome, summary, lesson: 'The attempt before was stopped because it had used too many tokens.' }
  }
  const { cost, limit, of = 'run' } = reason
  const exceeded = of === 'item' ? messages.itemLimitExceeded : messages.costLimitExceeded
  return {
    outcome,
    summary: exceeded(cost.millionths, limit, cost.currency),
    lesson: 'The attempt before was stopped because it had cost too much.',
  }
}
