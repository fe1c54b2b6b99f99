import { z } from 'zod'
import { answerQuestions } from '../db/plans.ts'
import { UserError } from '../lib/errors.ts'
import { defineCommand, type Reply } from './command.ts'
import { notNow, plannedItem } from './lib/planning.ts'
import { typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'answer',
  summary: 'Answers the questions that the planning agent has asked here',
  examples: ['/answer 1. Only the public API. 2. Yes.'],
  args: z.strictObject({ text: z.string().max(60_000).optional().describe('The answer, in your own words') }),
  words: [],
  text: 'text',
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context, { text = '' }): Promise<Reply> {
    const item = plannedItem(context)
    if (item.state !== 'asking') return notNow(context, item, 'No question is open here.')
    if (!text)
      throw new UserError('The answer is missing.', `For example: ${typed(context, 'answer only the public API')}.`)
    if (!(await answerQuestions(context.tx, item, context.actor, text)))
      return notNow(context, item, 'No question is open here.')
    return { text: 'Thank you. It is planned further with your answer.', outcome: 'done' }
  },
})
