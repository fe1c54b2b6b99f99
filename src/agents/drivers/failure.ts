/** Turns an agent's error into the outcome of the run. ACP has a code for "log in first"; failure-rules.ts has the rest. */

import { RequestError } from '@agentclientprotocol/sdk'
import { asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { answeredWithError } from '../../messages/agents.ts'
import type { AgentOutcome } from './agent-run.ts'
import { type FailureSigns, type MessagePatterns, problemOf } from './failure-rules.ts'

/** What the outcome needs besides the error. */
export interface FailureContext {
  /** The hint for an operator whose agent asks for a login. */
  install: string
  /** How the operator's provider words its messages. */
  patterns?: MessagePatterns
  /** Milliseconds since the epoch, for times given as "in 20 minutes". */
  now: number
}

/** The outcome for an error of a request to the agent. @param error what the request was rejected with. */
export function outcomeOfError(error: unknown, context: FailureContext): AgentOutcome {
  const message = boundedText(messageOf(error), 2000) || answeredWithError
  if (!(error instanceof RequestError)) return { kind: 'protocol-error', reason: 'agent-error', message }
  const data = asRecord(error.data)
  const signs = { codes: [error.code, ...statusesIn(data)], names: errorNames(data), text: message }
  return outcomeOfSigns(signs, data, context) ?? { kind: 'protocol-error', reason: 'agent-error', message }
}

/**
 * The failure that codex-acp and claude-agent-acp put into the `_meta` of an answer that ends a turn, where the client has
 * declared the capability; undefined when there is none, or only a warning.
 */
export function outcomeOfMeta(meta: unknown, context: FailureContext): AgentOutcome | undefined {
  const air = asRecord(asRecord(asRecord(meta)?.jetbrains)?.air)
  const failure = asRecord(air?.sessionFailure)
  if (!failure || failure.severity === 'warning') return undefined
  const text = [failure.title, failure.details].map((part) => boundedText(part, 1000)).filter(Boolean)
  const message = text.join(': ') || answeredWithError
  const names = [failure.category, failure.reason].filter((name): name is string => typeof name === 'string')
  return (
    outcomeOfSigns({ codes: [], names, text: message }, failure, context) ?? {
      kind: 'provider-failed',
      problem: 'outage',
      message,
    }
  )
}

function outcomeOfSigns(
  signs: Omit<FailureSigns, 'saysReset'>,
  data: Record<string, unknown> | undefined,
  { install, patterns, now }: FailureContext,
): AgentOutcome | undefined {
  const message = signs.text
  const resetAt = resetTime(data, message, now)
  const problem = problemOf({ ...signs, saysReset: resetAt !== undefined }, patterns)
  if (problem === undefined) return undefined
  if (problem === 'login') return { kind: 'needs-login', message, install }
  if (problem === 'limit') return { kind: 'rate-limited', message, ...(resetAt === undefined ? {} : { resetAt }) }
  return { kind: 'provider-failed', problem, message }
}

/** The outcome without secrets in its texts: providers quote the key that they refuse. */
export function redactOutcome(outcome: AgentOutcome, redact: (text: string) => string): AgentOutcome {
  const clean = Object.entries(outcome).map(([name, value]) => [
    name,
    typeof value === 'string' ? redact(value) : value,
  ])
  return Object.fromEntries(clean) as AgentOutcome
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const detail = error instanceof RequestError ? asRecord(error.data) : undefined
  const more = [detail?.message, detail?.details].find((text) => typeof text === 'string')
  return typeof more === 'string' && !error.message.includes(more) ? `${error.message}: ${more}` : error.message
}

function errorNames(data: Record<string, unknown> | undefined): string[] {
  const info = data?.codexErrorInfo
  const nested = asRecord(data?.error)
  const named = [
    data?.errorKind,
    data?.category,
    nested?.code,
    nested?.type,
    info,
    ...Object.keys(asRecord(info) ?? {}),
  ]
  return named.filter((name): name is string => typeof name === 'string')
}

/** The HTTP status as Codex (`codexErrorInfo`) and others report it. */
function statusesIn(data: Record<string, unknown> | undefined): number[] {
  const nested = Object.values(asRecord(data?.codexErrorInfo) ?? {}).map((value) => asRecord(value)?.httpStatusCode)
  return [data?.status, data?.statusCode, ...nested].filter((status): status is number => typeof status === 'number')
}

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** A limit that ends in more than 31 days is a misread number. */
const farthest = 31 * 86_400_000

/**
 * When a limit ends, as an ISO time. Read from `resetsAt`/`resetAt` (seconds, milliseconds or ISO) or `retryAfter`
 * (seconds) in the data, from `|1780000000` at a message's end (Claude Code), from an ISO time or from
 * "try again in 20 minutes" in the message.
 */
function resetTime(record: Record<string, unknown> | undefined, message: string, now: number): string | undefined {
  const candidates = [
    instant(record?.resetsAt ?? record?.resetAt ?? record?.resets_at),
    later(record?.retryAfter ?? record?.retry_after, now),
    instant(Number(/\|(\d{10,13})\b/.exec(message)?.[1])),
    instant(/\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)/.exec(message)?.[0]),
    relative(message, now),
  ]
  const found = candidates.find((time) => time !== undefined && time > now - 60_000 && time < now + farthest)
  return found === undefined ? undefined : new Date(found).toISOString()
}

function instant(value: unknown): number | undefined {
  if (typeof value === 'string') return Number.isNaN(Date.parse(value)) ? undefined : Date.parse(value)
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined
  return value > 1e11 ? value : value * 1000
}

function later(seconds: unknown, now: number): number | undefined {
  return typeof seconds === 'number' && Number.isFinite(seconds) ? now + seconds * 1000 : undefined
}

function relative(message: string, now: number): number | undefined {
  const match = /(?:again|after|in)\s+(?:in\s+)?(\d{1,6}(?:\.\d+)?)\s*(s|m|h|d)/i.exec(message)
  const unit = units[(match?.[2] ?? '').toLowerCase()]
  return match && unit ? now + Number(match[1]) * unit : undefined
}
