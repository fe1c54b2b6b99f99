/** How an attempt ended: its outcome, a sentence for people, a lesson for the next attempt. */

import type { AgentOutcome } from '../agents/drivers/agent-run.ts'
import type { ReportedCost } from '../db/usage.ts'
import type { Violation } from '../git/import-policy.ts'
import type { Sha } from '../lib/ids.ts'
import * as messages from '../messages/runs.ts'
import { overDiskLesson, overDiskLimit } from '../messages/sandbox.ts'
import type { StopReason } from './heartbeat.ts'
import { blamelessLoss, type FailedAttempt } from './retry-policy.ts'

/** How an attempt ended. */
export type AttemptEnd =
  /** `ignored`: what it left that `.gitignore` hides. */
  | { outcome: 'finished'; head: Sha; summary: string; ignored: string[] }
  /** The agent has submitted a plan or questions; they are in the run's row. */
  | { outcome: 'planned'; summary: string }
  /** The agent that builds has questions for people. */
  | { outcome: 'asked'; summary: string; questions: string[] }
  | FailedEnd

/** How an attempt ended without a result. */
export interface FailedEnd {
  outcome: Exclude<FailedAttempt, 'finished' | 'planned'>
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

function overLimit({ cost, limit }: { cost: ReportedCost; limit: number }): AttemptEnd {
  return {
    outcome: 'over its spend limit',
    summary: messages.costLimitExceeded(cost.millionths, limit, cost.currency),
    lesson: 'The attempt before was stopped because it had cost too much.',
  }
}
