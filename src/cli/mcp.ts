/** `tutti mcp`: MCP on stdin and stdout. A thin bridge to the `/mcp` of the running Tutti. */

import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { loadDotEnv, readClientEnv } from '../config/env.ts'
import { VerbError } from './exit-codes.ts'
import { findServer, type ServerAccess } from './lib/access.ts'
import { defineVerb } from './verb.ts'

export const mcp = defineVerb({
  server: true,
  declare: (command) => command,
  more: `A client starts it, for example: claude mcp add tutti -- tutti mcp
The repository is chosen by the tool init_orchestrator. docs/mcp.md says more.`,
  run: async ({ server }) => {
    loadDotEnv(process.cwd())
    const access = findServer(server, readClientEnv())
    await mustAnswer(access)
    const [{ StdioServerTransport }, { StreamableHTTPClientTransport }] = await Promise.all([
      import('@modelcontextprotocol/sdk/server/stdio.js'),
      import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    ])
    const http = new StreamableHTTPClientTransport(new URL('/mcp', access.url), {
      requestInit: { headers: { authorization: `Bearer ${access.token}` } },
    })
    await bridge(new StdioServerTransport(), http)
    await http.terminateSession().catch(() => {})
    await http.close()
    return 0
  },
})

/** A client shows what is printed here when the server ends at once. */
async function mustAnswer({ url, token }: ServerAccess): Promise<void> {
  const headers = { authorization: `Bearer ${token}` }
  const hint = 'Start Tutti with `tutti serve`; --url and --token, or TUTTI_URL and TUTTI_TOKEN, name another one.'
  const options = { method: 'PUT', headers, signal: AbortSignal.timeout(10_000) }
  // PUT is no method of MCP: what answers 405 has let the token in.
  const response = await fetch(new URL('/mcp', url), options).catch(() => undefined)
  if (!response) throw new VerbError('unreachable', `no Tutti answers at ${url}`, hint)
  if (response.status === 401) throw new VerbError('unreachable', `the token for ${url} is not valid`, hint)
  if (response.status !== 405 && response.status !== 400)
    throw new VerbError('failed', `what answers at ${url} serves no MCP (status ${response.status})`, hint)
}

/** Hands messages on, both ways, until the client closes its end. */
async function bridge(client: Transport, server: Transport): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    client.onclose = resolve
    process.stdin.once('end', resolve)
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  client.onmessage = (message) => {
    server.send(message).catch((error: unknown) => void client.send(failureOf(message, error)).catch(() => {}))
  }
  server.onmessage = (message) => {
    // What the two have agreed on must be named in every later request.
    const agreed = 'result' in message ? message.result.protocolVersion : undefined
    if (typeof agreed === 'string') server.setProtocolVersion?.(agreed)
    void client.send(message).catch(() => {})
  }
  await server.start()
  await client.start()
  await closed
}

/** The answer to a request that did not reach the server. */
function failureOf(message: JSONRPCMessage, error: unknown): JSONRPCMessage {
  const why = error instanceof Error ? error.message : String(error)
  const text = `Tutti does not answer (${why}). If it was restarted, connect again.`
  if ('id' in message && 'method' in message)
    return { jsonrpc: '2.0', id: message.id, error: { code: -32000, message: text } }
  return { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: text } }
}
