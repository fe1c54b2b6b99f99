import { z } from 'zod'
import { cleanUpText } from '../messages/commands/worktrees.ts'
import { worktreeView } from '../views/worktrees.ts'
import { defineCommand, type Reply } from './command.ts'
import { cleanUpNow } from './lib/clean-up.ts'

export const command = defineCommand({
  name: 'cleanup',
  summary: 'Lists the worktrees here, and removes those of finished issues',
  examples: ['/cleanup'],
  args: z.strictObject({}),
  positional: [],
  result: z.object({ worktrees: z.array(worktreeView), removing: z.array(z.number().int()) }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  async run(context): Promise<Reply> {
    const { all, issues } = await cleanUpNow(context)
    return { text: cleanUpText(all, issues), outcome: 'done', data: { worktrees: all, removing: issues } }
  },
})
