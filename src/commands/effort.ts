import { z } from 'zod'
import { effortReply } from '../messages/commands/schedule.ts'
import { defineCommand, type Reply } from './command.ts'
import { setScopedLabel } from './lib/scoped-label.ts'

export const command = defineCommand({
  name: 'effort',
  summary: 'Says how much work this issue is: S, M, L or XL',
  examples: ['/effort S', '/effort XL'],
  args: z.strictObject({
    effort: z
      .string()
      .regex(/^(?:S|M|L|XL)$/i, 'is `S`, `M`, `L` or `XL`')
      .describe('S is about half an agent hour, each next one three times as much'),
  }),
  positional: ['effort'],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, args): Promise<Reply> {
    const effort = args.effort.toUpperCase() as 'S' | 'M' | 'L' | 'XL'
    const before = context.item?.effort
    await setScopedLabel(context, 'effort:', effort, { effort })
    return { text: effortReply(effort, before, context.item !== undefined), outcome: 'done' }
  },
})
