/** Posts JSON to a webhook. Only to that very URL: a redirect is refused. */

import { NotSent } from './notice.ts'

const timeoutMs = 15_000
/** Nothing was sent when the connection was never there. */
const beforeSending = [
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]

/**
 * Posts a body as JSON.
 * @throws {NotSent} when the server was not reached, or has refused it. No message names the URL: it holds a secret.
 */
export async function postJson(url: string, body: unknown): Promise<void> {
  let response: Response
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
  } catch (error) {
    const code = codeOf(error)
    if (beforeSending.includes(code)) throw new NotSent(`the server cannot be reached (${code})`, { final: false })
    throw new Error(`the server did not answer (${code})`)
  }
  await response.body?.cancel()
  if (response.ok) return
  // Too many requests, and errors of the server: later it may be taken.
  const final = response.status !== 429 && response.status < 500
  throw new NotSent(`the server answered with ${response.status}`, { final })
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  if (cause instanceof Error && 'code' in cause) return String(cause.code)
  return error instanceof Error ? error.name : 'unknown'
}
