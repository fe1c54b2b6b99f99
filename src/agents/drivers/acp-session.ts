/** One session with an agent over ACP: initialize, log in if asked, new session, prompt, until it stops. */

import {
  type ClientContext,
  type ContentBlock,
  client,
  type McpServer,
  methods,
  type NewSessionResponse,
  PROTOCOL_VERSION,
  RequestError,
  type Stream,
} from '@agentclientprotocol/sdk'
import { asList, asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { otherProtocolVersion, sessionWithoutId } from '../../messages/agents.ts'
import type { AgentOutcome, AgentUpdate, AgentUsage } from './agent-run.ts'
import type { PermissionPolicy } from './permission-requests.ts'
import { promptUsage } from './session-updates.ts'

export interface SessionOptions {
  stream: Stream
  cwd: string
  prompt: string
  mcpServers: McpServer[]
  model?: string
  /** The auth method to call when the agent asks for a login, if the environment holds what it needs. */
  authMethod?: string
  permissions: PermissionPolicy
  onUpdate: (update: AgentUpdate) => void
}

/** How the turn ended: ACP's stop reason, or an outcome that the session itself has found. */
export type SessionEnd = { stopReason: string; usage?: AgentUsage } | { outcome: AgentOutcome }

export interface Session {
  /** The session's id, once the agent has opened it. */
  id(): string | undefined
  /** Settles when the agent has answered the prompt. Rejects with what the agent answered, or when the stream ends. */
  ended: Promise<SessionEnd>
  /** Asks the agent to stop its turn (`session/cancel`); nothing happens before there is a session. */
  cancel(): void
  close(): void
}

/** Starts the session. It runs by itself. */
export function openSession(options: SessionOptions): Session {
  let sessionId: string | undefined
  let cancelled = false

  const connection = client({ name: 'tutti' })
    .onRequest(methods.client.session.requestPermission, ({ params }) => {
      if (cancelled) return { outcome: { outcome: 'cancelled' as const } }
      const decision = options.permissions(params)
      const title = boundedText(params.toolCall.title, 300) || boundedText(params.toolCall.kind, 40)
      const reason = boundedText(decision.reason, 300)
      options.onUpdate({ kind: 'permission', title, allowed: decision.allowed, reason })
      if (decision.optionId === undefined) return { outcome: { outcome: 'cancelled' as const } }
      return { outcome: { outcome: 'selected' as const, optionId: decision.optionId } }
    })
    .connect(options.stream)
  const agent = connection.agent

  async function run(): Promise<SessionEnd> {
    // No capability is offered: agents edit files themselves, so Tutti never opens a path that an agent names.
    const initialized = await agent.request(methods.agent.initialize, {
      protocolVersion: PROTOCOL_VERSION,
      clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
      clientInfo: { name: 'tutti', version: '0.1.0' },
    })
    const version = asRecord(initialized)?.protocolVersion
    if (version !== PROTOCOL_VERSION) return wrongVersion(version)
    const mcpServers = options.mcpServers.filter((server) =>
      canUse(server, initialized.agentCapabilities?.mcpCapabilities),
    )
    for (const server of options.mcpServers.filter((one) => !mcpServers.includes(one))) {
      options.onUpdate({ kind: 'notice', text: `the agent cannot use the MCP server ${server.name}` })
    }
    const session = await newSession(agent, { cwd: options.cwd, mcpServers }, options.authMethod)
    sessionId = session.sessionId
    if (options.model) await chooseModel(agent, session, options.model, options.onUpdate)
    if (cancelled) return { outcome: { kind: 'stopped' } }
    const prompt: ContentBlock[] = [{ type: 'text', text: options.prompt }]
    const answer: unknown = await agent.request(methods.agent.session.prompt, { sessionId, prompt })
    const usage = promptUsage(asRecord(answer)?.usage)
    return { stopReason: boundedText(asRecord(answer)?.stopReason, 60), ...(usage ? { usage } : {}) }
  }

  return {
    id: () => sessionId,
    ended: run(),
    cancel() {
      cancelled = true
      if (sessionId !== undefined) agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => {})
    },
    close: () => connection.close(),
  }
}

function wrongVersion(version: unknown): SessionEnd {
  const message = otherProtocolVersion(boundedText(String(version), 20), PROTOCOL_VERSION)
  return { outcome: { kind: 'protocol-error', reason: 'version', message } }
}

function canUse(server: McpServer, able: { http?: boolean; sse?: boolean } | undefined): boolean {
  if (!('type' in server)) return true
  return server.type === 'http' ? able?.http === true : able?.sse === true
}

/** Opens the session. An agent that asks for a login gets the login method that needs no person, once. */
async function newSession(
  agent: ClientContext,
  request: { cwd: string; mcpServers: McpServer[] },
  methodId: string | undefined,
): Promise<NewSessionResponse> {
  try {
    return await checked(agent.request(methods.agent.session.new, request))
  } catch (error) {
    const mustLogIn = error instanceof RequestError && error.code === RequestError.authRequired().code
    if (!mustLogIn || methodId === undefined) throw error
    await agent.request(methods.agent.authenticate, { methodId })
    return await checked(agent.request(methods.agent.session.new, request))
  }
}

async function checked(answer: Promise<NewSessionResponse>): Promise<NewSessionResponse> {
  const session = await answer
  if (typeof asRecord(session)?.sessionId === 'string') return session
  throw new Error(sessionWithoutId)
}

/** Sets the session's model option where the agent has one. A notice reports a model that the agent refuses. */
async function chooseModel(
  agent: ClientContext,
  session: NewSessionResponse,
  model: string,
  onUpdate: (update: AgentUpdate) => void,
): Promise<void> {
  const option = asList(session.configOptions, 100).find((candidate) => asRecord(candidate)?.category === 'model')
  const fields = asRecord(option)
  if (typeof fields?.id !== 'string' || fields.currentValue === model) return
  try {
    const { sessionId } = session
    await agent.request(methods.agent.session.setConfigOption, { sessionId, configId: fields.id, value: model })
  } catch (error) {
    const why = error instanceof Error ? boundedText(error.message, 300) : ''
    onUpdate({ kind: 'notice', text: `the agent did not take the model ${model}: ${why}` })
  }
}
