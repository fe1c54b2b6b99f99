/**
 * The scripted agent: a program that speaks the Agent Client Protocol on stdio and does what the script in its prompt
 * says (see `script.ts`), or something plausible when there is none. TUTTI_SCRIPT_DELAY_MS paces it for an audience:
 * so many milliseconds before each step.
 */

import { randomUUID } from 'node:crypto'
import type {
  CancelNotification,
  InitializeResponse,
  McpServer,
  NewSessionRequest,
  NewSessionResponse,
  PromptRequest,
  PromptResponse,
} from '@agentclientprotocol/sdk'
import { mischief } from './mischief.ts'
import { plausibleSteps, readScript, type ScriptStep } from './script.ts'
import { steps } from './steps.ts'
import { openTurn, type Turn, TurnEnd } from './turn.ts'
import { AnswerError, openWire } from './wire.ts'

/** Of ACP. */
const protocolVersion = 1
const stepDelayMs = Number(process.env.TUTTI_SCRIPT_DELAY_MS ?? 0)
const sessions = new Map<string, { cwd: string; mcpServers: readonly McpServer[]; cancel: AbortController }>()

async function perform(turn: Turn, step: ScriptStep): Promise<void> {
  if (stepDelayMs > 0) await turn.pause(stepDelayMs)
  if (turn.signal.aborted) throw new TurnEnd('cancelled')
  const work = steps[step.verb] ?? mischief[step.verb]
  if (!work) throw AnswerError.internal({ details: step.verb }, `the script has no step "${step.verb}"`)
  await work(turn, step.rest)
}

function initialize(): InitializeResponse {
  return {
    protocolVersion,
    agentInfo: { name: 'scripted', version: '1.0.0' },
    agentCapabilities: { mcpCapabilities: { http: true, sse: false } },
  }
}

function newSession({ cwd, mcpServers }: NewSessionRequest): NewSessionResponse {
  const sessionId = randomUUID()
  sessions.set(sessionId, { cwd, mcpServers, cancel: new AbortController() })
  return { sessionId }
}

async function prompt({ sessionId, prompt: blocks }: PromptRequest): Promise<PromptResponse> {
  const session = sessions.get(sessionId)
  if (!session) throw new AnswerError(-32002, 'Resource not found', { sessionId })
  const text = blocks.map((block) => (block.type === 'text' ? block.text : '')).join('\n')
  const { cwd, mcpServers, cancel } = session
  const { signal } = cancel
  const turn = openTurn({ client: wire, sessionId, cwd, mcpServers, prompt: text, signal, env: process.env })
  try {
    for (const step of readScript(text) ?? plausibleSteps(text)) await perform(turn, step)
  } catch (error) {
    if (!(error instanceof TurnEnd)) throw error
    return { stopReason: error.stopReason, ...usageOf(turn) }
  }
  return { stopReason: 'end_turn', ...usageOf(turn) }
}

function usageOf({ usage }: Turn): { usage?: Turn['usage'] } {
  return usage ? { usage } : {}
}

const wire = openWire(process.stdin, process.stdout, {
  initialize,
  'session/new': newSession,
  'session/prompt': prompt,
  'session/cancel': ({ sessionId }: CancelNotification) => sessions.get(sessionId)?.cancel.abort(),
})
