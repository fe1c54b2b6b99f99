/**
 * The webhook endpoint: raw body verified, stored and queued in one transaction, *then* 202. Plain node:http, without
 * a framework: GitHub cuts a delivery at 10 s and never tries again by itself, so this path does nothing else.
 */

import { isUtf8 } from 'node:buffer'
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Store } from '../db/connect.ts'
import { type NewDelivery, storeDeliveries, tunePayloadCompression } from '../db/deliveries.ts'
import { BatchWriter } from './batch-writer.ts'
import { MemoryBudget, readRequestBody, refuse } from './read-body.ts'
import { type RefusedRequest, readHeaders } from './read-headers.ts'
import { SecretCheck, type SecretReport } from './secret-check.ts'

/** GitHub's own limit for a delivery; it drops what is larger (docs.github.com, "Webhook events and payloads"). */
const githubLimitBytes = 25 * 1024 * 1024
/** All bodies in memory together. */
const heldLimitBytes = 5 * githubLimitBytes
/** Without an answer from the database for this long the sender gets 503; GitHub would cut at 10 s. */
const answerWithinMs = 2_000
/** A slow disk takes 5 MB a second: the largest delivery has 7 s in all. */
const moreMsPerByte = 1_000 / (5 * 1024 * 1024)
/** GitHub's deepest payloads have about ten levels. */
const maxDepth = 200
/** Nesting costs memory many times the size of the text: counted where that could hurt. */
const deepFromCharacters = 64 * 1024

/** Where deliveries come in: Probot's own path, and the root, which its app manifest registers. */
const paths = new Set(['/api/github/webhooks', '/'])

export interface ReceiverOptions {
  store: Store
  /** The webhook secret of the app. */
  secret: string
  log: Logger
  /** The largest body taken, in bytes; GitHub's 25 MB when not given. */
  limitBytes?: number
  /** Answered 503 when not stored after this many milliseconds, and 0.2 s more for each megabyte; 2,000 when not given. */
  answerWithinMs?: number
  /** Called after each commit with the number of new deliveries. */
  onStored?: (count: number) => void
  /** Called with each signature that is not malformed: what is known of the secret now. */
  onSecret?: (report: SecretReport) => void
}

/** Whether a request is for the receiver; everything else at these paths is someone else's. */
export function isDelivery(req: Pick<IncomingMessage, 'method' | 'url'>): boolean {
  return req.method === 'POST' && paths.has(pathOf(req))
}

/**
 * Makes the request handler. It answers 202 when the delivery is durably stored (also when it was before), 401 for a
 * signature that is not right, 400, 413 or 415 for what cannot be a delivery, 503 when the database does not take it
 * in time. Nothing is stored for any answer but 202 and 503.
 */
export function createReceiver(options: ReceiverOptions): (req: IncomingMessage, res: ServerResponse) => void {
  const { store, log } = options
  void tunePayloadCompression(store.db).catch((error) => log.debug({ err: error }, 'payloads are compressed as usual'))
  const inbox = new BatchWriter({
    store: (rows) => storeDeliveries(store, rows),
    log,
    // On Postgres, while one transaction waits for the disk the next is being sent.
    concurrency: store.kind === 'postgres' ? 2 : 1,
    onStored: options.onStored,
  })
  const secretCheck = new SecretCheck(log, options.onSecret)
  const key = createSecretKey(Buffer.from(options.secret))
  const limits = { bytes: options.limitBytes ?? githubLimitBytes, held: new MemoryBudget(heldLimitBytes) }
  const within = options.answerWithinMs ?? answerWithinMs

  /** Answers when the inbox says so, or when that takes too long. The bytes stay counted until the inbox lets go. */
  function keep(req: IncomingMessage, res: ServerResponse, delivery: NewDelivery & { payload: Buffer }) {
    const timer = setTimeout(() => refuse(req, res, late), within + delivery.payload.length * moreMsPerByte)
    inbox.add(delivery, (error) => {
      clearTimeout(timer)
      limits.held.give(delivery.payload.length)
      if (res.headersSent) return
      if (error) refuse(req, res, late)
      else res.writeHead(202, accepted).end('stored\n')
    })
  }

  return (req, res) => {
    const headers = isDelivery(req) ? readHeaders(req.headers, limits.bytes) : notHere(req)
    if ('status' in headers) return refuse(req, res, headers)
    // `verify` of @octokit/webhooks wants the whole body as a string, and makes the bytes again that it came from: 12.1 µs
    // of processor time for one of GitHub's examples, 8.5 this way (docs/adr/0001).
    const hmac = createHmac('sha256', key)
    readRequestBody(
      req,
      limits,
      (chunk) => hmac.update(chunk),
      (body) => {
        if ('status' in body) return refuse(req, res, body)
        const fits = timingSafeEqual(hmac.digest(), headers.signature)
        secretCheck.signed(fits)
        const problem = fits ? problemWith(body) : wrongSignature
        if (!problem) return keep(req, res, { deliveryId: headers.deliveryId, event: headers.event, payload: body })
        limits.held.give(body.length)
        refuse(req, res, problem)
      },
    )
  }
}

const accepted = { 'content-type': 'text/plain; charset=utf-8', 'content-length': 7 }
const late: RefusedRequest = { status: 503, message: 'the delivery could not be stored in time; deliver it again' }
const wrongSignature: RefusedRequest = { status: 401, message: 'the signature does not fit the body' }

function notHere(req: IncomingMessage): RefusedRequest {
  return paths.has(pathOf(req))
    ? { status: 405, message: 'deliveries come by POST' }
    : { status: 404, message: 'nothing is here' }
}

function pathOf(req: Pick<IncomingMessage, 'url'>): string {
  return (req.url ?? '').split('?', 1)[0] ?? ''
}

/** Why a body is not the JSON text of one object; undefined when it is. */
function problemWith(body: Buffer): RefusedRequest | undefined {
  if (!isUtf8(body)) return { status: 400, message: 'the body is not UTF-8' }
  // One byte for each character: cheaper to make and to parse, and as good for seeing whether it is JSON, since every
  // byte of a longer character is above 127, which JSON allows in strings and nowhere else.
  const text = body.toString('latin1')
  if (text.length > deepFromCharacters && deeperThan(text, maxDepth)) {
    return { status: 400, message: 'the body is nested too deeply' }
  }
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return undefined
  } catch {
    // Refused below, without the parser's message: it would repeat the body.
  }
  return { status: 400, message: 'the body is not a JSON object' }
}

/** Whether JSON text nests deeper than `limit`; for text that is not JSON any answer will do. */
function deeperThan(text: string, limit: number): boolean {
  let depth = 0
  let quoted = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (quoted) {
      if (code === backslash) index++
      else if (code === quote) quoted = false
    } else if (code === quote) quoted = true
    else if (code === openBrace || code === openBracket) {
      if (++depth > limit) return true
    } else if (code === closeBrace || code === closeBracket) depth--
  }
  return false
}

const [quote, backslash, openBrace, closeBrace, openBracket, closeBracket] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]
