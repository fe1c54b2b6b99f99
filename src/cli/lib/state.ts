/** What `status` and `top` show of a repository, asked of a running Tutti. */

import type { TerminalState } from '../../messages/terminal.ts'
import { VerbError } from '../exit-codes.ts'
import type { ServerAccess, ServerOptions } from './access.ts'
import { type Answered, giveByRest } from './client.ts'

/** Rows of each list. */
const rows = 30

const routes = {
  progress: { name: 'get-orchestration-progress', path: '/orchestration/progress', args: {} },
  agents: { name: 'list-agents', path: '/orchestration/agents', args: { limit: rows } },
  queue: { name: 'get-work-queue', path: '/orchestration/work-queue', args: { limit: rows } },
  events: { name: 'get-orchestration-events', path: '/orchestration/events', args: { limit: rows } },
} as const

/**
 * Asks for the four read models at once.
 * @throws {VerbError} as `giveByRest`; and when the server answers in another shape.
 */
export async function askState(access: ServerAccess, { repository }: ServerOptions): Promise<TerminalState> {
  const ask = ({ name, path, args }: (typeof routes)[keyof typeof routes]): Promise<Answered> =>
    giveByRest(access, { command: { name, route: { method: 'GET', path } }, args, repository })
  const [progress, agents, queue, events] = await Promise.all([
    ask(routes.progress),
    ask(routes.agents),
    ask(routes.queue),
    ask(routes.events),
  ])
  const lists = [agents.agents, queue.pending, queue.needsPerson, queue.inProgress, events.events]
  if (typeof progress.completionPercent !== 'number' || !lists.every(Array.isArray)) {
    const hint = 'Use the `tutti` of the version that serves there.'
    throw new VerbError('failed', `the Tutti at ${access.url} is of another version`, hint)
  }
  const state = { progress, agents: agents.agents, queue, events: events.events } as unknown as TerminalState
  const atWork = (agents.agents as { endedAt: string | null }[]).filter(({ endedAt }) => endedAt === null)
  return { ...state, agents: atWork as unknown as TerminalState['agents'] }
}
