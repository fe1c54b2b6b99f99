/** Reading a request body within limits: one body has a largest size, and all bodies together have one. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { RefusedRequest } from './read-headers.ts'

/** Bytes that all requests together hold in memory. */
export class MemoryBudget {
  readonly #limit: number
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limit = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @returns whether there was room; without it nothing is held. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#limit) return false
    this.#bytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#bytes -= bytes
  }
}

/**
 * Reads a body.
 * @param each is called with every chunk as it comes (for the signature).
 * @param done is called at most once: with the whole body, which stays counted in `held` until the caller gives it
 * back, or with a refusal. Not at all when the connection ends before the body does.
 */
export function readRequestBody(
  req: IncomingMessage,
  limits: { bytes: number; held: MemoryBudget },
  each: (chunk: Buffer) => void,
  done: (body: Buffer | RefusedRequest) => void,
): void {
  let chunks: Buffer[] = []
  let length = 0
  let over = false

  function stop(): void {
    over = true
    chunks = []
    req.removeAllListeners('data')
  }

  function refuse(refusal: RefusedRequest): void {
    stop()
    limits.held.give(length)
    done(refusal)
  }

  req.on('data', (chunk: Buffer) => {
    if (length + chunk.length > limits.bytes) {
      return refuse({ status: 413, message: `a body over ${limits.bytes} bytes is not taken` })
    }
    if (!limits.held.take(chunk.length)) return refuse({ status: 503, message: 'too much at once; deliver it again' })
    length += chunk.length
    chunks.push(chunk)
    each(chunk)
  })
  req.on('end', () => {
    if (over) return
    over = true
    done(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, length))
  })
  req.on('close', () => {
    if (over) return
    stop()
    limits.held.give(length)
  })
  // A connection that breaks is reported by 'close'; without a listener the error would end the process.
  req.on('error', () => {})
}

/** How long, and how much, a refused sender may go on sending before the connection is cut. */
const drainMs = 3_000
const drainBytes = 64 * 1024 * 1024
/** A body this small is read to its end before it is refused: then the connection can be used again. */
const smallBytes = 64 * 1024

/**
 * Answers a refusal. What the sender is still sending is thrown away for a while, since a connection cut in the middle
 * would lose the answer.
 */
export function refuse(req: IncomingMessage, res: ServerResponse, { status, message }: RefusedRequest): void {
  const text = `${message}\n`
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'content-length': Buffer.byteLength(text) }
  if (req.complete && req.readableEnded) {
    res.writeHead(status, headers).end(text)
    return
  }
  const small = Number(req.headers['content-length'] ?? Number.POSITIVE_INFINITY) <= smallBytes
  if (!small) {
    res.writeHead(status, { ...headers, connection: 'close' })
    res.write(text)
  }
  drain(req, () => {
    if (small) res.writeHead(status, req.complete ? headers : { ...headers, connection: 'close' }).end(text)
    else res.end()
  })
}

/** Throws away what comes. @param done is called once: at the end of the body, or when it takes too long. */
function drain(req: IncomingMessage, done: () => void): void {
  let drained = 0
  let called = false
  const timer = setTimeout(finish, drainMs)
  function finish(): void {
    if (called) return
    called = true
    clearTimeout(timer)
    done()
  }
  req.on('data', (chunk: Buffer) => {
    drained += chunk.length
    if (drained > drainBytes) req.destroy()
  })
  req.on('end', finish)
  req.on('close', finish)
  req.on('error', () => {})
  req.resume()
}
