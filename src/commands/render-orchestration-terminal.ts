import { z } from 'zod'
import { currentTime } from '../lib/clock.ts'
import { terminalView } from '../messages/terminal.ts'
import { listAgents } from '../views/agents.ts'
import { listEvents } from '../views/events.ts'
import { progressOf } from '../views/progress.ts'
import { workQueueOf } from '../views/work-queue.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

const usualWidth = 80
/** Rows of each list. */
const rows = 10

export const command = defineCommand({
  name: 'render-orchestration-terminal',
  summary: 'The state of a repository as text for a terminal: agents, queue, events',
  examples: ['{}', '{"width": 120}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration/terminal' },
  args: z.strictObject({
    width: wholeNumber(40, 400).optional().describe(`Columns; ${usualWidth}`),
  }),
  positional: [],
  result: z.object({ view: z.string().describe('Lines of text, without colours') }),
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }, { width = usualWidth }): Promise<Reply> {
    const view = {
      progress: await progressOf(tx.db, repo),
      agents: await listAgents(tx.db, repo.id, { active: true, limit: rows }),
      queue: await workQueueOf(tx.db, repo.id, { limit: rows }),
      events: await listEvents(tx.db, [repo.id], { limit: rows }),
    }
    const text = terminalView(view, { width, color: false, now: currentTime() })
    return { text, outcome: 'done', data: { view: text } }
  },
})
