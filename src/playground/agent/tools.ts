/** Calling the tools of the MCP server that a session was given, as a real agent does: its program, over stdio. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { CallToolResult, InitializeRequest } from '@modelcontextprotocol/sdk/types.js'
import type { Turn } from './turn.ts'
import { openWire, type Wire } from './wire.ts'

/** One server for each session, started at the first call. */
const servers = new Map<string, Promise<Wire>>()

const introduction: InitializeRequest['params'] = {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'scripted', version: '1.0.0' },
}

/** The step `tool NAME JSON`: calls it and says what it answered. */
export async function callTool(turn: Turn, rest: string): Promise<void> {
  const [, name = '', given = ''] = /^(\S+)\s*:?\s*([\s\S]*)$/.exec(rest) ?? []
  const server = servers.get(turn.sessionId) ?? connect(turn)
  servers.set(turn.sessionId, server)
  const call = { name: name.replace(/:$/, ''), arguments: given.trim() === '' ? {} : JSON.parse(given) }
  const { content, isError } = await turn.tool('other', `Call ${name}`, [], async () =>
    (await server).request<CallToolResult>('tools/call', call),
  )
  const said = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n')
  await turn.say(`${name} answered${isError ? ' with an error' : ''}: ${said}`)
}

async function connect({ mcpServers, env }: Turn): Promise<Wire> {
  const [server] = mcpServers
  if (!server || !('command' in server)) throw new Error('the session has no MCP server that can be started')
  const own = Object.fromEntries(server.env.map(({ name, value }) => [name, value]))
  const program = spawn(server.command, server.args, {
    env: { ...env, ...own },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  await once(program, 'spawn')
  const wire = openWire(program.stdout, program.stdin)
  await wire.request('initialize', introduction)
  await wire.notify('notifications/initialized', {})
  return wire
}
