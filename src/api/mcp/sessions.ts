/** The sessions of MCP over HTTP. Each belongs to the token that opened it. */

import { randomUUID } from 'node:crypto'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { TokenRow } from '../../db/api-tokens.ts'
import { callerOfToken } from '../tokens.ts'
import type { ResourceServices } from './resources.ts'
import { mcpServer } from './server.ts'

interface Session {
  tokenId: number
  transport: WebStandardStreamableHTTPServerTransport
  lastUsed: number
  end(): Promise<void>
}

/** How many sessions one process keeps, and how long one without a request stays. */
const limits = { sessions: 200, idleMs: 3_600_000 }
/** Bytes of one request: arguments are at most a few pages of text. */
const maxBody = 1_048_576

/** All sessions of this process. */
export class McpSessions {
  readonly #sessions = new Map<string, Session>()
  readonly #services: ResourceServices
  readonly #version: string

  constructor(services: ResourceServices, version: string) {
    this.#services = services
    this.#version = version
  }

  /**
   * Answers a request of the token's holder.
   * @returns `no session` for one that ended or is another token's; `full` when no more can be opened.
   */
  async answer(request: Request, token: TokenRow): Promise<Response | 'no session' | 'full'> {
    const caller = callerOfToken(token)
    const authInfo = { token: '', clientId: token.name, scopes: [token.role], extra: { caller } }
    const id = request.headers.get('mcp-session-id')
    if (id === null) return this.#open(request, token, authInfo)
    const session = this.#sessions.get(id)
    if (!session || session.tokenId !== token.id) return 'no session'
    session.lastUsed = performance.now()
    return session.transport.handleRequest(request, { authInfo })
  }

  async #open(
    request: Request,
    { id: tokenId }: TokenRow,
    authInfo: NonNullable<Parameters<Session['transport']['handleRequest']>[1]>['authInfo'],
  ): Promise<Response | 'full'> {
    await this.#endIdle()
    if (this.#sessions.size >= limits.sessions) return 'full'
    const server = mcpServer(this.#services, this.#version)
    const end = () => server.close()
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      maxRequestBodySize: maxBody,
      onsessioninitialized: (id) =>
        void this.#sessions.set(id, { tokenId, transport, lastUsed: performance.now(), end }),
    })
    transport.onclose = () => {
      if (transport.sessionId !== undefined) this.#sessions.delete(transport.sessionId)
    }
    await server.connect(transport)
    const response = await transport.handleRequest(request, { authInfo })
    // It was no request to begin a session.
    if (transport.sessionId === undefined) await end()
    return response
  }

  async #endIdle(): Promise<void> {
    const before = performance.now() - limits.idleMs
    for (const session of [...this.#sessions.values()]) if (session.lastUsed < before) await session.end()
  }

  /** Ends all of them: their streams close. */
  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map(({ end }) => end()))
  }
}
