/** How an attempt ended, and what a failed agent means: its outcome, a sentence for people, a lesson for the next one. */

import type { AgentOutcome } from '../agents/drivers/agent-run.ts'
import { LeaseLost } from '../db/runs.ts'
import type { ReportedCost } from '../db/usage.ts'
import type { Violation } from '../git/import-policy.ts'
import type { Sha } from '../lib/ids.ts'
import { money } from '../lib/money.ts'
import { pathList } from '../messages/wording.ts'
import type { StopReason } from './heartbeat.ts'
import type { FailedAttempt } from './retry-policy.ts'

/** How an attempt ended. */
export type AttemptEnd =
  | { outcome: 'finished'; head: Sha; summary: string; ignored: string[] }
  /** A plan or questions were handed in; they are in the run's row. */
  | { outcome: 'planned'; summary: string }
  | {
      outcome: Exclude<FailedAttempt, 'finished' | 'planned'>
      summary: string
      /** What the next attempt should know; the summary when absent. */
      lesson?: string
      signature?: string
      resetAt?: Date
    }

/** The ending of an agent after which there is nothing to commit. */
export function unchanged(said: string, ignored: readonly string[]): AttemptEnd {
  const what =
    ignored.length === 0
      ? 'The agent ended without changing anything.'
      : `The agent changed nothing that git would take: \`.gitignore\` hides ${pathList(ignored)}.`
  return { outcome: 'no change', summary: `${what}${said ? ` It said: ${said}` : ''}`, signature: 'no change' }
}

/** A change that the import rules refused. */
export function unsafe(violations: Violation[]): AttemptEnd {
  const rows = violations.slice(0, 20).map((one) => `- \`${one.path}\` ${one.reason}`)
  return {
    outcome: 'unsafe change',
    summary: `The change was not taken: ${violations[0]?.path} ${violations[0]?.reason}.`,
    lesson: `The change was not taken. Mend these:\n\n${rows.join('\n')}`,
    signature: `unsafe ${[...new Set(violations.map((one) => one.kind))].join(', ')}`,
  }
}

/** The ending of an agent that did not get to its end; undefined when it did, or was stopped. */
export function failureOf(outcome: AgentOutcome): AttemptEnd | undefined {
  switch (outcome.kind) {
    case 'missing-program':
      return {
        outcome: 'agent not installed',
        summary: `The program \`${outcome.program}\` is not there. On the machine that runs Tutti: ${outcome.install}. Then say \`/retry\`.`,
      }
    case 'needs-login':
      return {
        outcome: 'agent not logged in',
        summary: `The agent asks for a login: ${outcome.message}. On the machine that runs Tutti: ${outcome.install}. Then say \`/retry\`.`,
      }
    case 'crashed': {
      const how = outcome.signal ? `signal ${outcome.signal}` : `exit code ${outcome.exitCode}`
      return {
        outcome: 'crashed',
        summary: `The agent ended with ${how}.`,
        lesson: `The agent ended with ${how}. Its last output:\n\n${outcome.tail}`,
        signature: `crashed ${how}`,
      }
    }
    case 'idle':
      return {
        outcome: 'hanging',
        summary: `The agent was silent for ${minutes(outcome.afterMs)} and was ended.`,
        signature: 'hanging',
      }
    case 'time-limit':
      return {
        outcome: 'out of time',
        summary: `The agent was ended after ${minutes(outcome.afterMs)}.`,
        signature: 'out of time',
      }
    case 'protocol-error':
      return {
        outcome: 'protocol error',
        summary: `The agent broke the protocol: ${outcome.message}.`,
        signature: `protocol ${outcome.reason}`,
      }
    case 'supervisor-lost':
      return {
        outcome: 'runner lost',
        summary: `The thread that supervised the agent ended: ${outcome.message}. The agent was ended with it.`,
        signature: `supervisor ${outcome.message}`,
      }
    case 'refused':
      return { outcome: 'refused the task', summary: `The agent refused: ${outcome.message}` }
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

function minutes(ms: number): string {
  return ms < 90_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} minutes`
}

/** The ending of an agent that was told to stop. @throws {LeaseLost} when it was because somebody else has taken over. */
export function stopped(reason: StopReason): AttemptEnd {
  if (reason === 'lease lost') throw new LeaseLost('somebody else has taken over')
  if (reason === 'shutdown')
    return { outcome: 'runner lost', summary: 'Tutti was stopped; the work goes on when it is back.' }
  if (reason !== 'asked') return overLimit(reason)
  return { outcome: 'stopped', summary: 'Stopped on request.' }
}

function overLimit({ told, limit }: { told: ReportedCost; limit: number }): AttemptEnd {
  const summary = `The agent was stopped: it told a cost of ${money(told.millionths, told.currency)}, and one run may cost ${money(limit, told.currency)} here (\`limits.spendPerRun\`). \`/retry\` starts another run, with the same limit, and what was changed so far is kept for it; \`/unqueue\` gives the issue up`
  return {
    outcome: 'over its spend limit',
    summary,
    lesson: 'The attempt before was stopped because it had cost too much.',
  }
}
