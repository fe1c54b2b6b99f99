/** How a session is opened over ACP: a new one, or an earlier one that goes on. A login is tried once, where it is asked for. */

import {
  type ClientContext,
  type McpServer,
  methods,
  type NewSessionResponse,
  RequestError,
} from '@agentclientprotocol/sdk'
import { asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { sessionNotContinued, sessionWithoutId } from '../../messages/agents.ts'
import type { AgentUpdate, EarlierSession } from './agent-run.ts'

/** Where the session works, and with what. */
interface Workplace {
  cwd: string
  mcpServers: McpServer[]
}

interface OpenOptions {
  earlier?: EarlierSession
  authMethod?: string
  /** What the agent says it can do. */
  capabilities: Record<string, unknown> | undefined
  onUpdate: (update: AgentUpdate) => void
}

type OpenedSession = NewSessionResponse & { continued: boolean }

/** The methods by which an agent goes on with a session, the better one first: resuming does not show the history. */
export function waysToContinue(capabilities: Record<string, unknown> | undefined): ('resume' | 'load')[] {
  const sessions = asRecord(capabilities?.sessionCapabilities)
  return [
    ...(asRecord(sessions?.resume) ? (['resume'] as const) : []),
    ...(capabilities?.loadSession === true ? (['load'] as const) : []),
  ]
}

/** Goes on with the earlier session where there is one and the agent can; else a new one is opened, and the log says so. */
export async function openOrContinue(
  agent: ClientContext,
  place: Workplace,
  options: OpenOptions,
): Promise<OpenedSession> {
  const { earlier, capabilities, authMethod, onUpdate } = options
  const [way] = waysToContinue(capabilities)
  if (earlier && way) {
    try {
      const request = { sessionId: earlier.id, ...place }
      const answer = await loggedIn(agent, authMethod, () => agent.request(methods.agent.session[way], request))
      return { ...(asRecord(answer) ?? {}), sessionId: earlier.id, continued: true }
    } catch (error) {
      // A program that has ended, or speaks no protocol, fails at the next request as well.
      const why = boundedText(error instanceof Error ? error.message : String(error), 300)
      onUpdate({ kind: 'notice', text: sessionNotContinued(why) })
    }
  }
  const session = await loggedIn<NewSessionResponse>(agent, authMethod, () =>
    agent.request(methods.agent.session.new, place),
  )
  if (typeof asRecord(session)?.sessionId !== 'string') throw new Error(sessionWithoutId)
  return { ...session, continued: false }
}

/** An agent that asks for a login gets the login method that needs no person, once. */
async function loggedIn<Answer>(
  agent: ClientContext,
  methodId: string | undefined,
  request: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await request()
  } catch (error) {
    const mustLogIn = error instanceof RequestError && error.code === RequestError.authRequired().code
    if (!mustLogIn || methodId === undefined) throw error
    await agent.request(methods.agent.authenticate, { methodId })
    return await request()
  }
}
