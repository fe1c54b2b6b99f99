/**
 * The sessions of the scripted agent. With TUTTI_SCRIPT_SESSIONS it keeps them in its HOME and offers to load them, as real
 * programs do: a loaded session first shows all that it has shown before.
 */

import { randomUUID } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { LoadSessionRequest, McpServer, NewSessionRequest, SessionUpdate } from '@agentclientprotocol/sdk'
import { AnswerError } from './wire.ts'

export interface ScriptedSession {
  id: string
  cwd: string
  mcpServers: readonly McpServer[]
  cancel: AbortController
  /** All that it has shown. */
  history: SessionUpdate[]
}

/** Whether sessions are kept. */
export const keepsSessions = process.env.TUTTI_SCRIPT_SESSIONS === '1'
const sessions = new Map<string, ScriptedSession>()
const fileOf = (id: string) => join(homedir(), '.scripted', `${id}.json`)

/** A session that is open in this process. @throws {AnswerError} when there is none. */
export function openSessionOf(id: string): ScriptedSession {
  const session = sessions.get(id)
  if (!session) throw new AnswerError(-32002, 'Resource not found', { sessionId: id })
  return session
}

export function newSession({ cwd, mcpServers }: NewSessionRequest): { sessionId: string } {
  const id = randomUUID()
  sessions.set(id, { id, cwd, mcpServers, cancel: new AbortController(), history: [] })
  return { sessionId: id }
}

/** Opens an earlier session. @throws {AnswerError} when it was not kept in this HOME. */
export function loadSession({ sessionId: id, cwd, mcpServers }: LoadSessionRequest): ScriptedSession {
  if (!/^[\w-]+$/.test(id) || !existsSync(fileOf(id)))
    throw new AnswerError(-32002, 'Resource not found', { sessionId: id })
  const history: SessionUpdate[] = JSON.parse(readFileSync(fileOf(id), 'utf8'))
  const session = { id, cwd, mcpServers, cancel: new AbortController(), history }
  sessions.set(id, session)
  return session
}

/** Notes what a session has shown. */
export function remember({ id, history }: ScriptedSession, update: SessionUpdate): void {
  history.push(update)
  if (!keepsSessions) return
  mkdirSync(join(homedir(), '.scripted'), { recursive: true })
  writeFileSync(fileOf(id), JSON.stringify(history))
}
