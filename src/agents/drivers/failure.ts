/** Turns an agent's error into the outcome of the run. ACP has a code for "log in first"; the rest are conventions. */

import { RequestError } from '@agentclientprotocol/sdk'
import { asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { answeredWithError } from '../../messages/agents.ts'
import type { AgentOutcome } from './agent-run.ts'

/** ACP's code for "authentication required". */
const authRequired = -32000

/**
 * Names of a provider's refusal in `data`: `errorKind` in claude-agent-acp 0.100
 * (`dist/session-failure-extension.js`), `codexErrorInfo` in codex-acp 2.6. A provider that is overloaded counts as a
 * limit: waiting helps, another attempt at once does not.
 */
const limitNames = new Set([
  ...['rate_limit', 'overloaded'],
  ...['usageLimitExceeded', 'rateLimitExceeded', 'serverOverloaded'],
])
/** Only the operator can solve these: a login, a bill, an account on hold. */
const loginNames = new Set([
  ...['authentication_failed', 'oauth_org_not_allowed', 'billing_error', 'account_on_hold', 'verification_required'],
  ...['cloud_credential_error', 'unauthorized'],
])
const limitText = /\b429\b|rate.?limit|too many requests|usage limit|quota (?:exceeded|exhausted)|resource.?exhausted/i

/**
 * The outcome for an error of a request to the agent.
 * @param error what the request was rejected with.
 * @param install the hint for an operator whose agent asks for a login.
 * @param now milliseconds since the epoch, for times given as "in 20 minutes".
 */
export function outcomeOfError(error: unknown, install: string, now: number): AgentOutcome {
  const message = boundedText(messageOf(error), 2000) || answeredWithError
  if (!(error instanceof RequestError)) return { kind: 'protocol-error', reason: 'agent-error', message }
  const names = errorNames(error.data)
  if (error.code === authRequired || names.some((name) => loginNames.has(name))) {
    return { kind: 'needs-login', message, install }
  }
  // Gemini CLI uses the HTTP status as the error's code (`packages/cli/src/acp/acpSession.ts`).
  if (error.code === 429 || names.some((name) => limitNames.has(name)) || limitText.test(message)) {
    const resetAt = resetTime(error.data, message, now)
    return { kind: 'rate-limited', message, ...(resetAt === undefined ? {} : { resetAt }) }
  }
  return { kind: 'protocol-error', reason: 'agent-error', message }
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const detail = error instanceof RequestError ? asRecord(error.data) : undefined
  const more = [detail?.message, detail?.details].find((text) => typeof text === 'string')
  return typeof more === 'string' && !error.message.includes(more) ? `${error.message}: ${more}` : error.message
}

function errorNames(data: unknown): string[] {
  const record = asRecord(data)
  const info = record?.codexErrorInfo
  const named = [record?.errorKind, info, ...Object.keys(asRecord(info) ?? {})]
  const status = Object.values(asRecord(info) ?? {}).some((value) => asRecord(value)?.httpStatusCode === 429)
  return [...named.filter((name): name is string => typeof name === 'string'), ...(status ? ['rate_limit'] : [])]
}

const units: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
/** A limit that ends in more than 31 days is a misread number. */
const farthest = 31 * 86_400_000

/**
 * When a limit ends, as an ISO time. Read from `resetsAt`/`resetAt` (seconds, milliseconds or ISO) or `retryAfter`
 * (seconds) in the data, from `|1780000000` at a message's end (Claude Code), from an ISO time or from
 * "try again in 20 minutes" in the message.
 */
function resetTime(data: unknown, message: string, now: number): string | undefined {
  const record = asRecord(data)
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
