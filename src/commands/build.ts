import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/plans.ts'
import { defineCommand, type Reply } from './command.ts'
import { createIssueForGoal } from './lib/goal-issue.ts'

export const command = defineCommand({
  name: 'build',
  summary: 'Makes an issue of a goal and has it built, without further questions',
  examples: ['/build "Let people export their notes as PDF"', '/build --new "Let people export their notes as PDF"'],
  args: z.strictObject({
    new: z.boolean().optional().describe('An issue is made of it, even where others are alike'),
    goal: z.string().max(20_000).optional().describe('What is wanted; the first line is the title'),
  }),
  positional: [],
  text: 'goal',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  repeats: true,
  async run(context, { goal = '', new: fresh = false }): Promise<Reply> {
    if (!goal) throw new UserError(...messages.goalMissing(context.settings.prefix))
    return { text: await createIssueForGoal(context, goal, { explicit: false, fresh }), outcome: 'done' }
  },
})
