/** One attempt to deliver a webhook: the request as GitHub makes it, and its answer. */
import { createHmac } from 'node:crypto'
import { type IncomingMessage, request } from 'node:http'

/** Of an answer's body, this much is kept, in characters. */
const MAX_ANSWER = 10_000

/** A webhook as sent, whether it arrived or not; one entry of `GET /app/hook/deliveries`. */
export interface Delivery {
  id: number
  /** Stays the same when it is sent again. */
  guid: string
  event: string
  action: string | null
  installationId: number | null
  repositoryId: number | null
  redelivery: boolean
  deliveredAt: Date
  /** Seconds until the answer. */
  duration: number
  /** Undefined while under way. 0: there was no connection. */
  statusCode: number | undefined
  /** `OK`, or what went wrong. */
  status: string
  url: string
  headers: Record<string, string>
  /** The body as it was sent. */
  payload: string
  answer: { headers: Record<string, unknown> | null; payload: string | null }
}

/** The headers of a webhook, signed with the secret. */
export function deliveryHeaders(
  delivery: Pick<Delivery, 'guid' | 'event' | 'payload'>,
  hook: { id: number; appId: number; secret: string },
): Record<string, string> {
  return {
    accept: '*/*',
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/0000000',
    'x-github-delivery': delivery.guid,
    'x-github-event': delivery.event,
    'x-github-hook-id': String(hook.id),
    'x-github-hook-installation-target-id': String(hook.appId),
    'x-github-hook-installation-target-type': 'integration',
    'x-hub-signature': `sha1=${sign('sha1', hook.secret, delivery.payload)}`,
    'x-hub-signature-256': `sha256=${sign('sha256', hook.secret, delivery.payload)}`,
  }
}

function sign(algorithm: 'sha1' | 'sha256', secret: string, payload: string): string {
  return createHmac(algorithm, secret).update(payload).digest('hex')
}

/** Sends it once and fills in what came back. Never rejects. A connection of its own each time, as after a restart. */
export async function attempt(delivery: Delivery, stop: AbortSignal, timeoutMs: number): Promise<void> {
  const started = performance.now()
  try {
    const { response, text } = await post(delivery, AbortSignal.any([stop, AbortSignal.timeout(timeoutMs)]))
    delivery.statusCode = response.statusCode ?? 0
    delivery.status = delivery.statusCode < 400 ? 'OK' : `Invalid HTTP Response: ${delivery.statusCode}`
    delivery.answer = { headers: { ...response.headers }, payload: text.slice(0, MAX_ANSWER) }
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError'
    delivery.statusCode = late ? 504 : 502
    delivery.status = late ? 'timed out' : 'failed to connect to host'
  }
  delivery.duration = Math.round(performance.now() - started) / 1000
}

function post(delivery: Delivery, signal: AbortSignal): Promise<{ response: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(delivery.url, {
      method: 'POST',
      agent: false,
      headers: { ...delivery.headers, 'content-length': Buffer.byteLength(delivery.payload) },
      signal,
    })
    sent.once('error', (error) => reject(error.cause instanceof Error ? error.cause : error))
    sent.once('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => resolve({ response, text: Buffer.concat(chunks).toString('utf8') }))
    })
    sent.end(delivery.payload)
  })
}
