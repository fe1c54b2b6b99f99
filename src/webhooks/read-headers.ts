/** What the headers of a webhook request must say before its body is read. Pure. */

import type { IncomingHttpHeaders } from 'node:http'

/** A request that is not taken, and the message for its sender. */
export interface RefusedRequest {
  status: 400 | 401 | 404 | 405 | 408 | 413 | 415 | 503
  message: string
}

export interface DeliveryHeaders {
  deliveryId: string
  event: string
  /** The 32 bytes of the HMAC-SHA-256 that the sender claims. */
  signature: Buffer
}

// GitHub's are a UUID and a name with underscores; a little room is left for servers that speak its API.
const deliveryIdForm = /^[A-Za-z0-9_-]{1,100}$/
const eventForm = /^[a-z][a-z0-9_]{0,99}$/
const signatureForm = /^sha256=([0-9a-f]{64})$/

/**
 * Checks the headers of a delivery.
 * @param limitBytes the largest body taken.
 * @returns what they say, or why the request is refused.
 */
export function readHeaders(headers: IncomingHttpHeaders, limitBytes: number): DeliveryHeaders | RefusedRequest {
  return unfitBody(headers, limitBytes) ?? readNames(headers)
}

function unfitBody(headers: IncomingHttpHeaders, limitBytes: number): RefusedRequest | undefined {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    return { status: 415, message: 'a compressed body is not taken' }
  }
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') {
    return { status: 415, message: 'choose the content type application/json in the settings of the webhook' }
  }
  if (type !== 'application/json') return { status: 415, message: 'the content type must be application/json' }
  if (Number(headers['content-length'] ?? 0) > limitBytes) {
    return { status: 413, message: `a body over ${limitBytes} bytes is not taken` }
  }
  return undefined
}

function readNames(headers: IncomingHttpHeaders): DeliveryHeaders | RefusedRequest {
  const signature = single(headers['x-hub-signature-256'])
  const digest = signatureForm.exec(signature)?.[1]
  if (digest === undefined) return { status: 401, message: 'X-Hub-Signature-256 is missing or malformed' }
  const deliveryId = single(headers['x-github-delivery'])
  if (!deliveryIdForm.test(deliveryId)) return { status: 400, message: 'X-GitHub-Delivery is missing or malformed' }
  const event = single(headers['x-github-event'])
  if (!eventForm.test(event)) return { status: 400, message: 'X-GitHub-Event is missing or malformed' }
  return { deliveryId, event, signature: Buffer.from(digest, 'hex') }
}

/** Node joins repeated headers with commas, which no form above allows: a request that says two things says nothing. */
function single(value: string | string[] | undefined): string {
  return typeof value === 'string' ? value : ''
}
