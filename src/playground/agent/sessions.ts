/**
 * The sessions of the scripted agent. Where it keeps them, they are in its HOME, and it offers to load them as real programs
 * do: a loaded session first shows all that it has shown before.
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

export interface ScriptedSessions {
  /** A session that is open in this process. @throws {AnswerError} when there is none. */
  get(id: string): ScriptedSession
  open(request: NewSessionRequest): { sessionId: string }
  /** Opens an earlier session. @throws {AnswerError} when it was not kept in this HOME. */
  load(request: LoadSessionRequest): ScriptedSession
  /** Notes what a session has shown. */
  remember(session: ScriptedSession, update: SessionUpdate): void
}

/** @param keeps whether sessions outlive the process. */
export function openSessions(keeps: boolean): ScriptedSessions {
  const sessions = new Map<string, ScriptedSession>()
  const folder = join(homedir(), '.scripted')
  const fileOf = (id: string) => join(folder, `${id}.json`)

  function add(id: string, { cwd, mcpServers }: NewSessionRequest, history: SessionUpdate[]): ScriptedSession {
    const session = { id, cwd, mcpServers, cancel: new AbortController(), history }
    sessions.set(id, session)
    return session
  }

  return {
    get(id) {
      const session = sessions.get(id)
      if (!session) throw new AnswerError(-32002, 'Resource not found', { sessionId: id })
      return session
    },
    open: (request) => ({ sessionId: add(randomUUID(), request, []).id }),
    load(request) {
      const { sessionId: id } = request
      if (!/^[\w-]+$/.test(id) || !existsSync(fileOf(id)))
        throw new AnswerError(-32002, 'Resource not found', { sessionId: id })
      return add(id, request, JSON.parse(readFileSync(fileOf(id), 'utf8')))
    },
    remember({ id, history }, update) {
      if (!keeps) return
      history.push(update)
      mkdirSync(folder, { recursive: true })
      writeFileSync(fileOf(id), JSON.stringify(history))
    },
  }
}
