/**
 * The scripted agent: a program that speaks the Agent Client Protocol on stdio and does what the script in its prompt
 * says (see `script.ts`), or something plausible when there is none. TUTTI_SCRIPT_DELAY_MS paces it for an audience:
 * so many milliseconds before each step. With TUTTI_SCRIPT_SESSIONS=1 it keeps its sessions and offers to load them.
 */

import type {
  CancelNotification,
  InitializeResponse,
  LoadSessionRequest,
  PromptRequest,
  PromptResponse,
  SessionUpdate,
} from '@agentclientprotocol/sdk'
import { mischief } from './mischief.ts'
import { plausibleSteps, readScript, type ScriptStep } from './script.ts'
import { openSessions } from './sessions.ts'
import { steps } from './steps.ts'
import { openTurn, type Turn, TurnEnd } from './turn.ts'
import { AnswerError, openWire } from './wire.ts'

/** Of ACP. */
const protocolVersion = 1
const stepDelayMs = Number(process.env.TUTTI_SCRIPT_DELAY_MS ?? 0)
const keepsSessions = process.env.TUTTI_SCRIPT_SESSIONS === '1'
const sessions = openSessions(keepsSessions)

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
    agentCapabilities: { loadSession: keepsSessions, mcpCapabilities: { http: true, sse: false } },
  }
}

async function load(request: LoadSessionRequest): Promise<object> {
  const { id: sessionId, history } = sessions.load(request)
  for (const update of history) await wire.notify('session/update', { sessionId, update })
  return {}
}

async function prompt({ sessionId, prompt: blocks }: PromptRequest): Promise<PromptResponse> {
  const session = sessions.get(sessionId)
  const text = blocks.map((block) => (block.type === 'text' ? block.text : '')).join('\n')
  const { cwd, mcpServers, cancel } = session
  const { signal } = cancel
  const shown = (update: SessionUpdate) => sessions.remember(session, update)
  const turn = openTurn({ client: wire, sessionId, cwd, mcpServers, prompt: text, signal, env: process.env, shown })
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
  'session/new': sessions.open,
  'session/load': load,
  'session/prompt': prompt,
  'session/cancel': ({ sessionId }: CancelNotification) => sessions.get(sessionId).cancel.abort(),
})
