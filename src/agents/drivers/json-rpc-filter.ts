/**
 * The gate between an agent's stdout and the ACP library: nothing but well-formed messages that this conversation can
 * have passes, one line at a time, in bounded memory. Everything else is counted; too much of it ends the run.
 *
 * The library's own reader would answer each bad line, queue the answers without bound when the agent does not read
 * them, and print to our console. Updates do not go through it at all: they are the bulk, and reading them leniently
 * here costs less than validating each against the whole schema.
 */

import type { AnyMessage, Stream } from '@agentclientprotocol/sdk'
import { asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { lineSplitter } from '../../lib/split-lines.ts'
import type { ProtocolProblem } from './agent-run.ts'

export interface JsonRpcFilter {
  /** What the ACP library reads from and writes to. */
  stream: Stream
  /** Bytes from the agent's stdout. */
  push(chunk: Buffer): void
  /** The agent's stdout has ended. */
  end(): void
}

/** The largest frame: whole files travel in one (diffs, tool output), and base64 images of a few megabytes. */
const maxFrameBytes = 8 * 1024 * 1024
/** Adapters let a log line slip to stdout now and then; this many one after another is not an accident. */
const maxBadInARow = 200
const maxBadInTotal = 10_000
/** The first ones tell a person what is wrong; the rest would only fill the log. */
const maxBadTold = 50

/**
 * @param options.send writes one line to the agent's stdin.
 * @param options.onFrame called for every well-formed message: the agent is alive.
 * @param options.onUpdate called with the parameters of each `session/update`.
 * @param options.onBad called with a short description of a line that was dropped.
 * @param options.onFail called once, when the run cannot go on.
 */
export function jsonRpcFilter(options: {
  send: (line: string) => void
  onFrame: () => void
  onUpdate: (params: Record<string, unknown>) => void
  onBad: (description: string) => void
  onFail: (reason: ProtocolProblem, message: string) => void
}): JsonRpcFilter {
  /** Ids of our requests that are not answered yet. */
  const asked = new Set<unknown>()
  let inARow = 0
  let inTotal = 0
  let controller: ReadableStreamDefaultController<AnyMessage> | undefined

  const readable = new ReadableStream<AnyMessage>({
    start(started) {
      controller = started
    },
    cancel() {
      controller = undefined
    },
  })
  const writable = new WritableStream<AnyMessage>({
    write(message) {
      if ('method' in message && 'id' in message) asked.add(message.id)
      options.send(`${JSON.stringify(message)}\n`)
    },
  })

  function bad(description: string): void {
    inARow += 1
    inTotal += 1
    if (inTotal <= maxBadTold) options.onBad(description)
    if (inARow !== maxBadInARow && inTotal !== maxBadInTotal) return
    options.onFail('bad-frames', `it printed ${inTotal} lines that are not the protocol; the last: ${description}`)
  }

  function take(line: Buffer): void {
    const frame = readFrame(line)
    if (frame.kind === 'blank') return
    if (frame.kind === 'bad') {
      bad(frame.description)
      return
    }
    if (frame.kind === 'answer' && !asked.delete(frame.message.id)) {
      bad(`an answer to a question that was not asked: ${describe(frame.message.id)}`)
      return
    }
    inARow = 0
    options.onFrame()
    if (frame.kind === 'update') options.onUpdate(frame.params)
    else if (frame.kind !== 'ignored') controller?.enqueue(frame.message as AnyMessage)
  }

  const lines = lineSplitter({
    maxBytes: maxFrameBytes,
    onLine: take,
    onTooLong: () => bad(`a line of more than ${maxFrameBytes} bytes`),
  })

  return {
    stream: { readable, writable },
    push: lines.push,
    end() {
      lines.end()
      controller?.close()
      controller = undefined
    },
  }
}

type Fields = Record<string, unknown>
type Frame =
  | { kind: 'blank' }
  | { kind: 'bad'; description: string }
  | { kind: 'ignored' }
  | { kind: 'update'; params: Fields }
  | { kind: 'call' | 'answer'; message: Fields }

function readFrame(line: Buffer): Frame {
  const message = parse(line)
  if (!message) {
    if (isBlank(line)) return { kind: 'blank' }
    return { kind: 'bad', description: `not JSON: ${boundedText(line.toString('utf8', 0, 200), 80)}` }
  }
  if (message.jsonrpc !== '2.0') return { kind: 'bad', description: 'not a JSON-RPC 2.0 message' }
  return 'method' in message ? readCall(message) : { kind: 'answer', message }
}

function readCall(message: Fields): Frame {
  if (typeof message.method !== 'string') return { kind: 'bad', description: 'a method that is not a text' }
  if ('id' in message) {
    return isId(message.id)
      ? { kind: 'call', message }
      : { kind: 'bad', description: 'a request with an id that is none' }
  }
  if (message.method === '$/cancel_request') return { kind: 'call', message }
  // Notifications we do not know are allowed by the protocol, and ignored.
  if (message.method !== 'session/update') return { kind: 'ignored' }
  const params = asRecord(message.params)
  return params ? { kind: 'update', params } : { kind: 'bad', description: 'session/update without parameters' }
}

function parse(line: Buffer): Record<string, unknown> | undefined {
  // A line that does not begin like an object is not worth parsing: junk arrives by the gigabyte.
  if (!/^\s*\{/.test(line.toString('latin1', 0, 16))) return undefined
  try {
    return asRecord(JSON.parse(line.toString('utf8')))
  } catch {
    return undefined
  }
}

function isBlank(line: Buffer): boolean {
  return line.length < 16 && line.toString('latin1').trim() === ''
}

function isId(value: unknown): boolean {
  return (typeof value === 'string' && value.length <= 200) || Number.isSafeInteger(value)
}

function describe(id: unknown): string {
  return boundedText(JSON.stringify(id) ?? 'none', 40)
}
