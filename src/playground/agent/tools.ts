/** Calling the tools of the MCP server that a session was given, as a real agent does: its program, over stdio. */

import type { Client } from '@modelcontextprotocol/sdk/client/index.js'
import type { Turn } from './turn.ts'

/** One server for each session, started at the first call. */
const servers = new Map<string, Promise<Client>>()

/** The step `tool NAME JSON`: calls it and says what it answered. */
export async function callTool(turn: Turn, rest: string): Promise<void> {
  const [, name = '', given = ''] = /^(\S+)\s*:?\s*([\s\S]*)$/.exec(rest) ?? []
  const client = servers.get(turn.sessionId) ?? connect(turn)
  servers.set(turn.sessionId, client)
  const answer = await turn.tool('other', `Call ${name}`, [], async () =>
    (await client).callTool({ name: name.replace(/:$/, ''), arguments: given.trim() === '' ? {} : JSON.parse(given) }),
  )
  const said = (answer.content as { text?: string }[]).map(({ text }) => text ?? '').join('\n')
  await turn.say(`${name} answered${answer.isError ? ' with an error' : ''}: ${said}`)
}

async function connect({ mcpServers }: Turn): Promise<Client> {
  const [server] = mcpServers
  if (!server || !('command' in server)) throw new Error('the session has no MCP server that can be started')
  const [{ Client: NewClient }, { StdioClientTransport }] = await Promise.all([
    import('@modelcontextprotocol/sdk/client/index.js'),
    import('@modelcontextprotocol/sdk/client/stdio.js'),
  ])
  const client = new NewClient({ name: 'scripted', version: '1.0.0' })
  const env = Object.fromEntries(server.env.map(({ name, value }) => [name, value]))
  await client.connect(new StdioClientTransport({ command: server.command, args: server.args, env }))
  return client
}
