import { z } from 'zod'
import { cycleView } from '../views/cycle.ts'
import { defineCommand, type Reply } from './command.ts'
import { beginCycle } from './lib/cycle.ts'

/** What `run_autonomous_cycle` does. */
export const command = defineCommand({
  name: 'cycle',
  summary: 'Has the scheduler decide now what starts, and reports it',
  examples: ['/cycle'],
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
