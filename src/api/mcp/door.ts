/** `/mcp`: who may come in. What is behind it is loaded with the first request. */

import { Hono } from 'hono'
import { mcpRefusals } from '../../messages/mcp.ts'
import { findToken } from '../tokens.ts'
import { hostFits, originFits } from './places.ts'
import type { ResourceServices } from './resources.ts'
import type { McpSessions } from './sessions.ts'

/** The door, to be mounted, and what ends its sessions. */
export interface McpDoor {
  app: Hono
  close(): Promise<void>
}

/**
 * Makes the door at `/mcp`: Streamable HTTP with a bearer token.
 * @param version of Tutti, for clients.
 */
export function mcpDoor(services: ResourceServices, version: string): McpDoor {
  let sessions: Promise<McpSessions> | undefined
  const load = async () => new (await import('./sessions.ts')).McpSessions(services, version)
  const app = new Hono().all('/mcp', async ({ req: { raw: request } }) => {
    const { headers } = request
    if (!hostFits(headers.get('host'), services.env)) return refused(403, mcpRefusals.host)
    if (!originFits(headers.get('origin'), headers.get('host'), services.env)) return refused(403, mcpRefusals.origin)
    const secret = /^Bearer +(\S+) *$/i.exec(headers.get('authorization') ?? '')?.[1]
    if (secret === undefined) return refused(401, mcpRefusals.noToken)
    const found = await findToken(services.store.db, secret)
    if ('refused' in found) return refused(401, mcpRefusals[found.refused])
    sessions ??= load()
    const answer = await (await sessions).answer(request, found.token)
    if (answer === 'no session') return refused(404, mcpRefusals.session)
    return answer === 'full' ? refused(503, mcpRefusals.sessions) : answer
  })
  return { app, close: async () => (await sessions)?.close() }
}

/** An error in the form of JSON-RPC, as clients of MCP read it. */
function refused(status: 401 | 403 | 404 | 503, message: string): Response {
  const headers = status === 401 ? { 'www-authenticate': 'Bearer realm="tutti"' } : undefined
  const error = { code: status === 404 ? -32001 : -32000, message }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status, headers })
}
