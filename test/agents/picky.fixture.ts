/**
 * An agent for the session's tests, without the library: asks for a login until `key` was used, knows no MCP server
 * over HTTP, offers two models, and says in its answer what it was asked. Its stdout begins with a stray log line.
 */

import { createInterface } from 'node:readline'

interface Call {
  id?: number
  method: string
  params: { methodId?: string; value?: string; mcpServers?: { name: string }[]; cwd?: string }
}

const asked: string[] = []
let signedIn = process.argv[2] === 'open'

function answer(call: Call): { result?: unknown; error?: unknown } {
  const models = ['small', 'large'].map((value) => ({ value, name: value }))
  const option = { id: 'm', name: 'Model', category: 'model', type: 'select', currentValue: 'small', options: models }
  switch (call.method) {
    case 'initialize':
      return { result: { protocolVersion: 1, agentCapabilities: {}, authMethods: [{ id: 'key', name: 'Key' }] } }
    case 'authenticate':
      signedIn = call.params.methodId === 'key'
      return { result: {} }
    case 'session/new':
      asked.push(`mcp=${call.params.mcpServers?.map(({ name }) => name).join('+')}`)
      if (!signedIn) return { error: { code: -32000, message: 'Authentication required' } }
      return { result: { sessionId: 's1', configOptions: [option] } }
    case 'session/set_config_option':
      asked.push(`model=${call.params.value}`)
      if (call.params.value !== 'large') return { error: { code: -32602, message: 'no such model' } }
      return { result: { configOptions: [option] } }
    case 'session/prompt':
      say(asked.join(' '))
      return { result: { stopReason: 'end_turn', usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 } } }
    default:
      return { error: { code: -32601, message: 'no such method' } }
  }
}

function send(message: object): void {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

function say(text: string): void {
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } }
  send({ method: 'session/update', params: { sessionId: 's1', update } })
}

process.stdout.write('picky agent starting\n\n')
for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line) as Call
  asked.push(call.method)
  if (call.id !== undefined) send({ id: call.id, ...answer(call) })
}
