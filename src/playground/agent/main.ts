/**
 * The scripted agent: a program that speaks the Agent Client Protocol on stdio and does what the script in its prompt
 * says (see `script.ts`), or something plausible when there is none. TUTTI_SCRIPT_DELAY_MS paces it for an audience:
 * so many milliseconds before each step.
 */

import { randomUUID } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { agent, type McpServer, methods, ndJsonStream, PROTOCOL_VERSION, RequestError } from '@agentclientprotocol/sdk'
import { mischief } from './mischief.ts'
import { plausibleSteps, readScript, type ScriptStep } from './script.ts'
import { steps } from './steps.ts'
import { openTurn, type Turn, TurnEnd } from './turn.ts'

const stepDelayMs = Number(process.env.TUTTI_SCRIPT_DELAY_MS ?? 0)
const sessions = new Map<string, { cwd: string; mcpServers: readonly McpServer[]; cancel: AbortController }>()

async function perform(turn: Turn, step: ScriptStep): Promise<void> {
  if (stepDelayMs > 0) await turn.pause(stepDelayMs)
  if (turn.signal.aborted) throw new TurnEnd('cancelled')
  const work = steps[step.verb] ?? mischief[step.verb]
  if (!work) throw RequestError.internalError({ details: step.verb }, `the script has no step "${step.verb}"`)
  await work(turn, step.rest)
}

function usageOf({ usage }: Turn): { usage?: Turn['usage'] } {
  return usage ? { usage } : {}
}

const app = agent({ name: 'scripted' })
  .onRequest(methods.agent.initialize, () => ({
    protocolVersion: PROTOCOL_VERSION,
    agentInfo: { name: 'scripted', version: '1.0.0' },
    agentCapabilities: { mcpCapabilities: { http: true, sse: false } },
  }))
  .onRequest(methods.agent.session.new, ({ params }) => {
    const sessionId = randomUUID()
    sessions.set(sessionId, { cwd: params.cwd, mcpServers: params.mcpServers, cancel: new AbortController() })
    return { sessionId }
  })
  .onRequest(methods.agent.session.prompt, async ({ params, client }) => {
    const session = sessions.get(params.sessionId)
    if (!session) throw RequestError.sessionNotFound(params.sessionId)
    const text = params.prompt.map((block) => (block.type === 'text' ? block.text : '')).join('\n')
    const { signal } = session.cancel
    const { cwd, mcpServers } = session
    const turn = openTurn({ client, sessionId: params.sessionId, cwd, mcpServers, prompt: text, signal })
    try {
      for (const step of readScript(text) ?? plausibleSteps(text)) await perform(turn, step)
    } catch (error) {
      if (!(error instanceof TurnEnd)) throw error
      return { stopReason: error.stopReason, ...usageOf(turn) }
    }
    return { stopReason: 'end_turn' as const, ...usageOf(turn) }
  })
  .onNotification(methods.agent.session.cancel, ({ params }) => sessions.get(params.sessionId)?.cancel.abort())

const input = Readable.toWeb(process.stdin) as ReadableStream<Uint8Array>
const output = Writable.toWeb(process.stdout) as WritableStream<Uint8Array>
app.connect(ndJsonStream(output, input))
