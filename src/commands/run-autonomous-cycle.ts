import { z } from 'zod'
import { cycleView } from '../views/cycle.ts'
import { defineCommand, type Reply } from './command.ts'
import { beginCycle } from './lib/cycle.ts'

/** What `/cycle` does. */
export const command = defineCommand({
  name: 'run-autonomous-cycle',
  summary: 'One cycle: what can start is found and started; says which agents that were',
  examples: ['{}'],
  slash: false,
  route: { method: 'POST', path: '/orchestration/cycle' },
  args: z.strictObject({}),
  positional: [],
  result: cycleView,
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context): Promise<Reply> {
    return beginCycle(context)
  },
})
