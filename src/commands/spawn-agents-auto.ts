import { z } from 'zod'
import { cycleView } from '../views/cycle.ts'
import { defineCommand, type Reply } from './command.ts'
import { beginCycle } from './lib/cycle.ts'

const usualCount = 5

/**
 * A cycle that does not wait for the delays of retries. It raises no limit: with free places the scheduler has started
 * by itself what can start, so that mostly nothing is left to do.
 */
export const command = defineCommand({
  name: 'spawn-agents-auto',
  summary: 'Has agents started for the most useful work now, retries without their delay',
  examples: ['{}', '{"count": 3}'],
  slash: false,
  route: { method: 'POST', path: '/orchestration/agents/auto' },
  args: z.strictObject({
    count: z.number().int().min(1).max(50).optional().describe(`Retries whose delay ends, at most; ${usualCount}`),
  }),
  positional: [],
  result: cycleView,
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { count = usualCount }): Promise<Reply> {
    return beginCycle(context, count)
  },
})
