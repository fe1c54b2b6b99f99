/** One turn of the scripted agent: what its steps may use. */

import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { McpServer, SessionUpdate, ToolKind } from '@agentclientprotocol/sdk'
import type { Wire } from './wire.ts'

/** Thrown by a step that ends the turn in ACP's own way. */
export class TurnEnd extends Error {
  override name = 'TurnEnd'
  readonly stopReason: 'end_turn' | 'refusal' | 'max_tokens' | 'max_turn_requests' | 'cancelled'

  constructor(stopReason: TurnEnd['stopReason']) {
    super(stopReason)
    this.stopReason = stopReason
  }
}

export interface Turn {
  readonly client: Wire
  readonly sessionId: string
  readonly cwd: string
  /** The MCP servers that the session was given. */
  readonly mcpServers: readonly McpServer[]
  /** The prompt of the agent. */
  readonly prompt: string
  /** The environment of the agent. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Aborted when the client cancels the turn. */
  readonly signal: AbortSignal
  /** Token counts for the end of the turn, as ACP's draft has them. */
  usage?: Record<string, number>
  /** Says something to the client. */
  update(update: SessionUpdate): Promise<void>
  /** A whole message. The last one of a turn is what the client shows as its summary. */
  say(text: string): Promise<void>
  /** An absolute path; relative ones count from the session's directory. */
  path(relative: string): string
  /** Shows `work` as a tool call: in progress, then completed or failed. */
  tool<T>(kind: ToolKind, title: string, paths: string[], work: () => Promise<T>): Promise<T>
  /** @throws {TurnEnd} when the turn is cancelled meanwhile. */
  pause(ms: number): Promise<void>
}

/** The parts of a turn, for one prompt. */
export function openTurn(
  options: Pick<Turn, 'client' | 'sessionId' | 'cwd' | 'mcpServers' | 'prompt' | 'env' | 'signal'>,
): Turn {
  const { client, sessionId, cwd, signal } = options
  let calls = 0
  let messages = 0
  const update = (change: SessionUpdate) => client.notify('session/update', { sessionId, update: change })
  const path = (relative: string) => resolve(cwd, relative)

  return {
    ...options,
    update,
    path,
    say(text) {
      messages += 1
      const content = { type: 'text' as const, text }
      return update({ sessionUpdate: 'agent_message_chunk', messageId: `message-${messages}`, content })
    },
    async tool(kind, title, paths, work) {
      calls += 1
      const toolCallId = `call-${calls}`
      const locations = paths.map((each) => ({ path: path(each) }))
      await update({ sessionUpdate: 'tool_call', toolCallId, title, kind, status: 'in_progress', locations })
      try {
        const result = await work()
        await update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'completed' })
        return result
      } catch (error) {
        await update({ sessionUpdate: 'tool_call_update', toolCallId, status: 'failed' })
        throw error
      }
    },
    async pause(ms) {
      if (signal.aborted) throw new TurnEnd('cancelled')
      await delay(ms, undefined, { signal }).catch(() => {
        throw new TurnEnd('cancelled')
      })
    },
  }
}
