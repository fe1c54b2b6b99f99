/**
 * A model provider on this machine, for tests with the real agent programs: OpenAI's Responses and Chat Completions and
 * Anthropic's Messages, streamed. A test scripts what the model answers, one step for each request that offers tools.
 * Requests without tools (titles, summaries) get a short text and use up no step.
 *
 * Sources: https://platform.openai.com/docs/api-reference/responses-streaming and /chat-streaming,
 * https://docs.anthropic.com/en/api/messages-streaming.
 */

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One answer of the model. */
export type ModelStep =
  | { say: string }
  /** Calls the first tool that the agent offers whose name fits, with arguments. */
  | { call: RegExp; with: Record<string, unknown> }
  | { status: number; body: unknown }
  /** Answers nothing until the connection closes. */
  | { hang: true }

/** What an agent has asked the model. */
export interface ModelRequest {
  path: string
  body: { model?: string; tools?: unknown[]; [field: string]: unknown }
  key: string
}

export interface ModelServer {
  readonly url: string
  readonly requests: ModelRequest[]
  /** Sets the steps; the last one is repeated. */
  script(steps: readonly ModelStep[]): void
  /** Settles when a request with tools has come in. */
  asked(): Promise<ModelRequest>
  close(): Promise<void>
}

interface Tool {
  name: string
  namespace?: string
  custom: boolean
}

/** Opens the server on a free port of this machine. */
export async function openModelServer(): Promise<ModelServer> {
  const requests: ModelRequest[] = []
  let steps: readonly ModelStep[] = [{ say: 'Done.' }]
  let at = 0
  let waiting = Promise.withResolvers<ModelRequest>()

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? '/', 'http://x').pathname
    if (request.headers.upgrade) return json(response, 426, { error: { message: 'no WebSocket here' } })
    if (request.method === 'GET') return json(response, 200, { object: 'list', data: [{ id: 'm-1', object: 'model' }] })
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as ModelRequest['body']
    const one = { path, body, key: String(request.headers.authorization ?? request.headers['x-api-key'] ?? '') }
    requests.push(one)
    const tools = toolsOf(body.tools)
    const speak = speakers.find(([end]) => path.endsWith(end))?.[1]
    if (!speak) return json(response, 404, { error: { message: `no such path: ${path}` } })
    if (tools.length === 0) return speak(response, { text: 'A title' })
    const step = steps[Math.min(at, steps.length - 1)] ?? { say: 'Done.' }
    at += 1
    waiting.resolve(one)
    return take(step, { response, tools, speak })
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  // An address of this machine's loopback that is not the one which programs in a sandbox take for their own.
  server.listen(0, '127.0.0.2')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.2:${(server.address() as AddressInfo).port}`,
    requests,
    script(next) {
      steps = next
      at = 0
      requests.length = 0
      waiting = Promise.withResolvers()
    },
    asked: () => waiting.promise,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers with one step. */
function take(
  step: ModelStep,
  { response, tools, speak }: { response: ServerResponse; tools: Tool[]; speak: Speaker },
) {
  if ('hang' in step) return response.flushHeaders()
  if ('status' in step) return json(response, step.status, step.body)
  if ('say' in step) return speak(response, { text: step.say })
  const tool = tools.find(({ name }) => step.call.test(name))
  if (!tool) return speak(response, { text: `There is no tool ${step.call}: ${tools.map((each) => each.name)}` })
  return speak(response, { tool, args: step.with })
}

function json(response: ServerResponse, status: number, body: unknown): void {
  // OpenCode waits as long as this says between its own tries, and else for minutes.
  response.writeHead(status, { 'content-type': 'application/json', 'retry-after-ms': '10' }).end(JSON.stringify(body))
}

/** The tools of a request in any of the three shapes, those in a namespace with its name before theirs. */
function toolsOf(given: unknown): Tool[] {
  if (!Array.isArray(given)) return []
  return given.flatMap((tool: Record<string, unknown>) => {
    const inside = tool.type === 'namespace' && Array.isArray(tool.tools) ? tool.tools : undefined
    if (inside) return toolsOf(inside).map((one) => ({ ...one, namespace: String(tool.name) }))
    const name = (tool.function as { name?: string } | undefined)?.name ?? tool.name ?? tool.type
    return [{ name: String(name), custom: tool.type === 'custom' }]
  })
}

interface Answer {
  text?: string
  tool?: Tool
  args?: Record<string, unknown>
}

let ids = 0

function events(response: ServerResponse, list: readonly [string | undefined, object | string][]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const [event, data] of list) {
    if (event) response.write(`event: ${event}\n`)
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`)
  }
  response.end()
}

function responses(response: ServerResponse, { text, tool, args }: Answer): void {
  ids += 1
  const base = { id: `resp_${ids}`, object: 'response', model: 'm-1', output: [] }
  const item = tool
    ? {
        ...{ type: tool.custom ? 'custom_tool_call' : 'function_call', id: `fc_${ids}`, call_id: `call_${ids}` },
        ...{ name: tool.name, ...(tool.namespace ? { namespace: tool.namespace } : {}), status: 'completed' },
        ...(tool.custom ? { input: String(args?.input ?? '') } : { arguments: JSON.stringify(args ?? {}) }),
      }
    : {
        type: 'message',
        id: `msg_${ids}`,
        role: 'assistant',
        content: [{ type: 'output_text', text, annotations: [] }],
      }
  const usage = {
    ...{ input_tokens: 100, input_tokens_details: { cached_tokens: 0 } },
    ...{ output_tokens: 20, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 120 },
  }
  const named = (type: string, fields: object): [string, object] => [type, { type, ...fields }]
  events(response, [
    named('response.created', { response: { ...base, status: 'in_progress' } }),
    named('response.output_item.added', { output_index: 0, item }),
    named('response.output_item.done', { output_index: 0, item }),
    named('response.completed', { response: { ...base, status: 'completed', output: [item], usage } }),
  ])
}

function completions(response: ServerResponse, { text, tool, args }: Answer): void {
  ids += 1
  const chunk = (delta: object, reason: string | null, more: object = {}): [undefined, object] => [
    undefined,
    {
      ...{ id: `c${ids}`, object: 'chat.completion.chunk', created: 1, model: 'm-1', ...more },
      choices: [{ index: 0, delta, finish_reason: reason }],
    },
  ]
  const call = tool && { name: tool.name, arguments: JSON.stringify(args ?? {}) }
  const calls = call && [{ index: 0, id: `call_${ids}`, type: 'function', function: call }]
  events(response, [
    chunk({ role: 'assistant', ...(calls ? { tool_calls: calls } : { content: text }) }, null),
    chunk({}, calls ? 'tool_calls' : 'stop', {
      usage: { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 },
    }),
    [undefined, '[DONE]'],
  ])
}

function anthropicMessages(response: ServerResponse, { text, tool, args }: Answer): void {
  ids += 1
  const message = { id: `msg_${ids}`, type: 'message', role: 'assistant', model: 'm-1', content: [], stop_reason: null }
  const block = tool ? { type: 'tool_use', id: `toolu_${ids}`, name: tool.name, input: {} } : { type: 'text', text: '' }
  const delta = tool
    ? { type: 'input_json_delta', partial_json: JSON.stringify(args ?? {}) }
    : { type: 'text_delta', text }
  const named = (type: string, fields: object): [string, object] => [type, { type, ...fields }]
  events(response, [
    named('message_start', { message: { ...message, usage: { input_tokens: 100, output_tokens: 1 } } }),
    named('content_block_start', { index: 0, content_block: block }),
    named('content_block_delta', { index: 0, delta }),
    named('content_block_stop', { index: 0 }),
    named('message_delta', { delta: { stop_reason: tool ? 'tool_use' : 'end_turn' }, usage: { output_tokens: 20 } }),
    named('message_stop', {}),
  ])
}

type Speaker = (response: ServerResponse, answer: Answer) => void

const speakers: readonly [string, Speaker][] = [
  ['/responses', responses],
  ['/chat/completions', completions],
  ['/messages', anthropicMessages],
]
