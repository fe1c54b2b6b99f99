/** `/mcp`: who may come in. What is behind it is loaded with the first request. */

import { Hono } from 'hono'
import { mcpRefusals } from '../../messages/mcp.ts'
import { type ApiEnv, authenticated, problemHandler, refuseForeign, withRequestId } from '../guard.ts'
import type { ResourceServices } from './resources.ts'
import type { McpSessions } from './sessions.ts'

/** The door, to be mounted, and what ends its sessions. */
export interface McpDoor {
  app: Hono
  close(): Promise<void>
}

/**
 * Makes the door at `/mcp`: Streamable HTTP with a bearer token, behind the same guards as the REST API.
 * @param version of Tutti, for clients.
 */
export function mcpDoor(services: ResourceServices, version: string): McpDoor {
  let sessions: Promise<McpSessions> | undefined
  const load = async () => new (await import('./sessions.ts')).McpSessions(services, version)
  const app = new Hono<ApiEnv>()
  app.onError(problemHandler(services.log))
  app.use('/mcp', withRequestId(), refuseForeign(services.env), authenticated(services.store))
  app.all('/mcp', async (context) => {
    sessions ??= load()
    const answer = await (await sessions).answer(context.req.raw, context.get('token'))
    if (answer === 'no session') return refused(404, mcpRefusals.session)
    return answer === 'full' ? refused(503, mcpRefusals.sessions) : answer
  })
  return { app: new Hono().route('/', app), close: async () => (await sessions)?.close() }
}

/** An error in the form of JSON-RPC, as clients of MCP read it: with 404 they begin a new session. */
function refused(status: 404 | 503, message: string): Response {
  return Response.json(
    { jsonrpc: '2.0', error: { code: status === 404 ? -32001 : -32000, message }, id: null },
    { status },
  )
}
