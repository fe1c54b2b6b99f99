/** One session with an agent over ACP: initialize, log in if asked, new session, prompt, until it stops. */

import {
  type ContentBlock,
  client,
  type McpServer,
  methods,
  PROTOCOL_VERSION,
  type Stream,
} from '@agentclientprotocol/sdk'
import { currentMs } from '../../lib/clock.ts'
import { asRecord, boundedText } from '../../lib/sanitise-text.ts'
import { within } from '../../lib/within.ts'
import { modeNotOffered, otherProtocolVersion, startsTooSlowly } from '../../messages/agents.ts'
import type { AgentOutcome, AgentUpdate, AgentUsage, EarlierSession } from './agent-run.ts'
import { type FailureContext, outcomeOfMeta } from './failure.ts'
import { openOrContinue, waysToContinue } from './open-session.ts'
import type { PermissionPolicy } from './permission-requests.ts'
import { chooseForSession } from './session-choices.ts'
import { promptUsage } from './session-updates.ts'

export interface SessionOptions {
  stream: Stream
  cwd: string
  prompt: string
  /** The session to go on with, where the agent can. */
  earlier?: EarlierSession
  mcpServers: McpServer[]
  model?: string
  /** The mode that is set where the agent offers it, by its id. */
  mode?: string
  /** How the operator's provider words its messages, and the hint for a login. */
  failures: Pick<FailureContext, 'install' | 'patterns'>
  /** How long the agent may take to answer `initialize`, in milliseconds; 60,000 unless given. */
  initializeMs?: number
  /** The auth method to call when the agent asks for a login, if the environment holds what it needs. */
  authMethod?: string
  permissions: PermissionPolicy
  onUpdate: (update: AgentUpdate) => void
}

/** How the turn ended: ACP's stop reason, or an outcome that the session itself has found. */
export type SessionEnd = { stopReason: string; usage?: AgentUsage } | { outcome: AgentOutcome; usage?: AgentUsage }

export interface Session {
  /** The session's id, once the agent has opened it. */
  id(): string | undefined
  /** Whether the agent shows the history of an earlier session now. */
  replays(): boolean
  /** Settles when the agent has answered the prompt. Rejects with what the agent answered, or when the stream ends. */
  ended: Promise<SessionEnd>
  /** Asks the agent to stop its turn (`session/cancel`); nothing happens before there is a session. */
  cancel(): void
  close(): void
}

/** The slowest program took 7 s on a machine that did nothing else, and 13 s on a busy one (OpenCode 1.18). */
const defaultInitializeMs = 60_000

/**
 * No capability is offered but one: agents edit files themselves, so Tutti never opens a path that an agent names. With
 * `sessionFailure`, codex-acp and claude-agent-acp report an error of their provider as data; without it they end the turn
 * as if it were finished, with the error as their last message.
 */
const introduction = {
  protocolVersion: PROTOCOL_VERSION,
  clientCapabilities: {
    fs: { readTextFile: false, writeTextFile: false },
    terminal: false,
    _meta: { jetbrains: { air: { version: 1, capabilities: ['sessionFailure'] } } },
  },
  clientInfo: { name: 'tutti', version: '0.1.0' },
}

/** Starts the session. It runs by itself. */
export function openSession(options: SessionOptions): Session {
  let sessionId: string | undefined
  let replays = false
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
    const limitMs = options.initializeMs ?? defaultInitializeMs
    const initialized = await within(limitMs, agent.request(methods.agent.initialize, introduction))
    if (initialized === 'late') return tooSlow(limitMs)
    const version = asRecord(initialized)?.protocolVersion
    if (version !== PROTOCOL_VERSION) return wrongVersion(version)
    const capabilities = asRecord(asRecord(initialized)?.agentCapabilities)
    const mcpServers = options.mcpServers.filter((server) => canUse(server, capabilities?.mcpCapabilities))
    for (const server of options.mcpServers.filter((one) => !mcpServers.includes(one))) {
      options.onUpdate({ kind: 'notice', text: `the agent cannot use the MCP server ${server.name}` })
    }
    replays = options.earlier !== undefined
    const session = await openOrContinue(agent, { cwd: options.cwd, mcpServers }, { ...options, capabilities })
    sessionId = session.sessionId
    const chosen = await chooseForSession(agent, session, options)
    if ('outcome' in chosen) return chosen
    const { model, mode, missingMode } = chosen
    if (missingMode) options.onUpdate({ kind: 'notice', text: modeNotOffered(options.mode ?? '') })
    const { continued } = session
    const lasting = waysToContinue(capabilities).length > 0
    options.onUpdate({
      kind: 'session',
      id: sessionId,
      program: programOf(initialized),
      model,
      mode,
      continued,
      lasting,
    })
    if (cancelled) return { outcome: { kind: 'stopped' } }
    const text = (continued ? options.earlier?.prompt : undefined) ?? options.prompt
    const prompt: ContentBlock[] = [{ type: 'text', text }]
    replays = false
    return endOfTurn(await agent.request(methods.agent.session.prompt, { sessionId, prompt }), options.failures)
  }

  return {
    id: () => sessionId,
    replays: () => replays,
    ended: run(),
    cancel() {
      cancelled = true
      if (sessionId !== undefined) agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => {})
    },
    close: () => connection.close(),
  }
}

function endOfTurn(answer: unknown, failures: SessionOptions['failures']): SessionEnd {
  const fields = asRecord(answer)
  const usage = promptUsage(fields?.usage)
  const failure = outcomeOfMeta(fields?._meta, { ...failures, now: currentMs() })
  const end = failure ? { outcome: failure } : { stopReason: boundedText(fields?.stopReason, 60) }
  return { ...end, ...(usage ? { usage } : {}) }
}

function tooSlow(ms: number): SessionEnd {
  return { outcome: { kind: 'protocol-error', reason: 'slow-start', message: startsTooSlowly(ms) } }
}

/** Name and version of the program; '' when it does not say. */
function programOf(initialized: unknown): string {
  const info = asRecord(asRecord(initialized)?.agentInfo)
  return [info?.name, info?.version]
    .map((part) => boundedText(part, 100))
    .join(' ')
    .trim()
}

function wrongVersion(version: unknown): SessionEnd {
  const message = otherProtocolVersion(boundedText(String(version), 20), PROTOCOL_VERSION)
  return { outcome: { kind: 'protocol-error', reason: 'version', message } }
}

function canUse(server: McpServer, capabilities: unknown): boolean {
  if (!('type' in server)) return true
  return asRecord(capabilities)?.[server.type] === true
}
