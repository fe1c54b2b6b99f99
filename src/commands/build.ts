import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { defineCommand, type Reply } from './command.ts'
import { makeIssueOf } from './lib/goal-issue.ts'
import { typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'build',
  summary: 'Makes an issue of a goal and has it built, without further questions',
  examples: ['/build "Let people export their notes as PDF"'],
  args: z.strictObject({
    goal: z.string().max(20_000).optional().describe('What is wanted; the first line is the title'),
  }),
  words: [],
  text: 'goal',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { goal = '' }): Promise<Reply> {
    if (!goal) {
      const how = `For example: ${typed(context, 'build "Let people export their notes as PDF"')}. ${typed(context, 'queue')} has this issue built.`
      throw new UserError('The goal is missing.', how)
    }
    return { text: await makeIssueOf(context, goal, { explicit: false }), outcome: 'done' }
  },
})
