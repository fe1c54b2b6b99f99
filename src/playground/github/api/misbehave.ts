/** Carries out an API fault on a connection. */
import type { ServerResponse } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import type { ActiveRule, ApiFault, ApiMatch } from '../faults.ts'
import { errorBody } from './errors.ts'

export type ApiRule = ActiveRule<ApiMatch, ApiFault>

/** An answer as it goes out: text, not JSON, since a fault may cut it. */
export interface RawAnswer {
  status: number
  headers: Record<string, string>
  text: string
  unknown?: boolean | undefined
}

/**
 * What the fault does before the request is carried out: an answer in its place, `'cut'` when the connection was cut,
 * or undefined when it goes on.
 */
export async function misbehaveBefore(rule: ApiRule, outgoing: ServerResponse): Promise<RawAnswer | 'cut' | undefined> {
  const { fault } = rule
  switch (fault.kind) {
    case 'latency':
      await wait(fault.ms)
      return undefined
    case 'reset':
      return cut(outgoing)
    case 'status':
      return statusAnswer(fault)
    case 'unauthorized':
      return json(401, 'Bad credentials')
    case 'secondary-limit':
      return json(
        fault.status ?? 403,
        'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
        fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) },
      )
    case 'primary-limit':
      return json(fault.status ?? 403, 'API rate limit exceeded for installation.', {
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': String(Math.ceil(fault.resetAt.getTime() / 1000)),
      })
    default:
      return undefined
  }
}

/** What the fault does to the answer of a request that was carried out. */
export async function misbehaveAfter(rule: ApiRule, outgoing: ServerResponse): Promise<'cut' | undefined> {
  if (rule.fault.kind === 'apply-then-drop') return cut(outgoing)
  if (rule.fault.kind !== 'apply-then-hang') return undefined
  await new Promise<void>((resolve) => {
    rule.held.push(resolve)
    outgoing.once('close', resolve)
  })
  return outgoing.destroyed ? 'cut' : undefined
}

function cut(outgoing: ServerResponse): 'cut' {
  // resetAndDestroy gives the client the ECONNRESET that a crashed proxy gives; destroy would be an orderly end.
  outgoing.socket?.resetAndDestroy()
  return 'cut'
}

function statusAnswer(fault: Extract<ApiFault, { kind: 'status' }>): RawAnswer {
  const answer = json(fault.status, 'Server Error', fault.headers)
  switch (fault.body) {
    case 'empty':
      return { ...answer, text: '' }
    case 'html':
      return {
        ...answer,
        headers: { ...answer.headers, 'content-type': 'text/html; charset=utf-8' },
        text: `<!DOCTYPE html><html><body><h1>${fault.status}</h1><p>We had issues producing the response.</p></body></html>`,
      }
    case 'truncated':
      return { ...answer, text: answer.text.slice(0, answer.text.length / 2) }
    default:
      return answer
  }
}

function json(status: number, message: string, headers: Record<string, string> = {}): RawAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    text: JSON.stringify(errorBody(status, message)),
  }
}
