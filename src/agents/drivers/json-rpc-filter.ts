/**
 * A filter between an agent's stdout and the ACP library. Only well-formed messages that fit this session pass, one line
 * at a time, in bounded memory. Other lines are counted; too many of them end the run.
 *
 * The library's own reader would answer each invalid line, queue the answers without a limit when the agent does not read
 * them, and print to our console. Updates do not go through it: they are the majority, and reading them leniently here
 * costs less than validating each against the whole schema.
 */

import type { AnyMessage, Stream } from '@agentclientprotocol/sdk'
import { asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { lineSplitter } from '../../lib/split-lines.ts'
import { printsNoProtocol } from '../../messages/agents.ts'
import type { ProtocolProblem } from './agent-run.ts'

export interface JsonRpcFilter {
  /** The stream of the ACP library. */
  stream: Stream
  /** Bytes from the agent's stdout. */
  push(chunk: Buffer): void
  /** The agent's stdout has ended. */
  end(): void
}

/** The largest frame: it can hold whole files (diffs, tool output), and base64 images of a few megabytes. */
const maxFrameBytes = 8 * 1024 * 1024
/** Adapters print a log line to stdout now and then. So many in a row are no accident. */
const maxInvalidInARow = 200
const maxInvalidInTotal = 10_000
/** The first ones show the problem in the log; more would only fill it. */
const maxInvalidLogged = 50

/**
 * @param options.send writes one line to the agent's stdin.
 * @param options.onFrame called for every well-formed message: the agent is active.
 * @param options.onUpdate called with the parameters of each `session/update`.
 * @param options.onInvalid called with a short description of a line that was dropped.
 * @param options.onFail called once, when the run cannot go on.
 */
export function jsonRpcFilter(options: {
  send: (line: string) => void
  onFrame: () => void
  onUpdate: (params: Record<string, unknown>) => void
  onInvalid: (description: string) => void
  onFail: (reason: ProtocolProblem, message: string) => void
}): JsonRpcFilter {
  /** Ids of our requests without an answer so far. */
  const pending = new Set<unknown>()
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
      if ('method' in message && 'id' in message) pending.add(message.id)
      options.send(`${JSON.stringify(message)}\n`)
    },
  })

  function invalid(description: string): void {
    inARow += 1
    inTotal += 1
    if (inTotal <= maxInvalidLogged) options.onInvalid(description)
    if (inARow !== maxInvalidInARow && inTotal !== maxInvalidInTotal) return
    options.onFail('bad-frames', printsNoProtocol(inTotal, description))
  }

  function onLine(line: Buffer): void {
    const frame = readFrame(line)
    if (frame.kind === 'blank') return
    if (frame.kind === 'invalid') {
      invalid(frame.description)
      return
    }
    if (frame.kind === 'answer' && !pending.delete(frame.message.id)) {
      invalid(`an answer to a question that was not asked: ${describe(frame.message.id)}`)
      return
    }
    inARow = 0
    options.onFrame()
    if (frame.kind === 'update') options.onUpdate(frame.params)
    else if (frame.kind !== 'ignored') controller?.enqueue(frame.message as AnyMessage)
  }

  const lines = lineSplitter({
    maxBytes: maxFrameBytes,
    onLine,
    onTooLong: () => invalid(`a line of more than ${maxFrameBytes} bytes`),
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
  | { kind: 'invalid'; description: string }
  | { kind: 'ignored' }
  | { kind: 'update'; params: Fields }
  | { kind: 'call' | 'answer'; message: Fields }

function readFrame(line: Buffer): Frame {
  const message = parse(line)
  if (!message) {
    if (isBlank(line)) return { kind: 'blank' }
    return { kind: 'invalid', description: `not JSON: ${boundedText(line.toString('utf8', 0, 200), 80)}` }
  }
  if (message.jsonrpc !== '2.0') return { kind: 'invalid', description: 'not a JSON-RPC 2.0 message' }
  return 'method' in message ? readCall(message) : { kind: 'answer', message }
}

function readCall(message: Fields): Frame {
  if (typeof message.method !== 'string') return { kind: 'invalid', description: 'a method that is not a text' }
  if ('id' in message) {
    return isId(message.id)
      ? { kind: 'call', message }
      : { kind: 'invalid', description: 'a request with an id that is none' }
  }
  if (message.method === '$/cancel_request') return { kind: 'call', message }
  // The protocol allows unknown notifications. They are ignored.
  if (message.method !== 'session/update') return { kind: 'ignored' }
  const params = asRecord(message.params)
  return params ? { kind: 'update', params } : { kind: 'invalid', description: 'session/update without parameters' }
}

function parse(line: Buffer): Record<string, unknown> | undefined {
  // A line that does not begin like an object is not parsed: an agent may print gigabytes of them.
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
