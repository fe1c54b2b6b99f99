/**
 * JSON-RPC 2.0 over lines, the wire of both protocols that the scripted agent speaks: ACP, where it is the agent, and MCP, where
 * it is the client. The SDKs check each message against schemas, and building those at each start took 0.2 s of processor time
 * of 0.33 s; a run of the tests starts hundreds of agents. What is sent has the types of the SDK all the same, and the other
 * end of the wire, the one under test, uses the SDK.
 */

import type { Readable, Writable } from 'node:stream'

/** An error that is sent as the answer to a request. The codes are those of JSON-RPC and of ACP. */
export class AnswerError extends Error {
  override name = 'AnswerError'
  readonly code: number
  readonly data: unknown

  constructor(code: number, message: string, data?: unknown) {
    super(message)
    this.code = code
    this.data = data
  }

  static internal(data: unknown, details: string): AnswerError {
    return new AnswerError(-32603, `Internal error: ${details}`, data)
  }
}

/** The methods that are answered here, by name. A request is answered with what its method returns or throws. */
export type Methods = Readonly<Record<string, (params: never) => unknown>>

/** One end of the wire. */
export interface Wire {
  /** Settles with the answer. @throws {Error} when the other end refuses, or is gone. */
  request<Result>(method: string, params: object): Promise<Result>
  /** Settles when it is written. */
  notify(method: string, params: object): Promise<void>
}

interface Frame {
  id?: number | string | null
  method?: string
  params?: unknown
  result?: unknown
  error?: { message?: string }
}

interface Waiting {
  resolve(result: unknown): void
  reject(error: Error): void
}

/** Starts to read. Lines that are no JSON are skipped, and so are notifications that `methods` does not name. */
export function openWire(input: Readable, output: Writable, methods: Methods = {}): Wire {
  const waiting = new Map<unknown, Waiting>()
  let ids = 0

  function write(frame: object): Promise<void> {
    const line = `${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`
    return new Promise((resolve, reject) => output.write(line, (error) => (error ? reject(error) : resolve())))
  }

  async function answer({ id, method = '', params }: Frame): Promise<void> {
    const work = Object.hasOwn(methods, method) ? methods[method] : undefined
    if (id === undefined) return void work?.(params as never)
    try {
      if (!work) throw new AnswerError(-32601, `"Method not found": ${method}`, { method })
      await write({ id, result: (await work(params as never)) ?? null })
    } catch (error) {
      const { code, message, data } = error instanceof AnswerError ? error : unexpected(error)
      await write({ id, error: { code, message, data } })
    }
  }

  function take(line: string): void {
    const frame = parsed(line)
    // The other end may be gone before it has its answer.
    if (typeof frame?.method === 'string') return void answer(frame).catch(() => {})
    const request = waiting.get(frame?.id)
    waiting.delete(frame?.id)
    if (frame?.error) request?.reject(new Error(frame.error.message ?? 'refused'))
    else request?.resolve(frame?.result)
  }

  readLines(input, take, () => {
    for (const { reject } of waiting.values()) reject(new Error('the connection is closed'))
  })
  output.on('error', () => {})
  return {
    async request(method, params) {
      ids += 1
      const id = ids
      const answered = new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }))
      await write({ id, method, params })
      return (await answered) as never
    },
    notify: (method, params) => write({ method, params }),
  }
}

function readLines(input: Readable, take: (line: string) => void, end: () => void): void {
  let rest = ''
  input.setEncoding('utf8')
  input.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') take(line)
  })
  input.on('end', end)
}

function parsed(line: string): Frame | undefined {
  try {
    return JSON.parse(line) ?? undefined
  } catch {
    return undefined
  }
}

function unexpected(error: unknown): AnswerError {
  const details = error instanceof Error ? error.message : String(error)
  return new AnswerError(-32603, 'Internal error', { details })
}
