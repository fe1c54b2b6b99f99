import { z } from 'zod'
import { answerQuestions } from '../db/plans.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/plans.ts'
import { defineCommand, type Reply } from './command.ts'
import { notNow, plannedItem } from './lib/planning.ts'

export const command = defineCommand({
  name: 'answer',
  summary: 'Answers the questions that the planning agent has asked here',
  examples: ['/answer 1. Only the public API. 2. Yes.'],
  args: z.strictObject({ text: z.string().max(60_000).optional().describe('The answer, in your own words') }),
  positional: [],
  text: 'text',
  permission: 'write',
  where: 'issue',
  reads: false,
  repeats: true,
  async run(context, { text = '' }): Promise<Reply> {
    const item = plannedItem(context)
    if (item.state !== 'asking') return notNow(context, item, messages.noQuestionOpen)
    if (!text) throw new UserError(...messages.answerMissing(context.settings.prefix))
    if (!(await answerQuestions(context.tx, item, context.actor, text)))
      return notNow(context, item, messages.noQuestionOpen)
    return { text: messages.answerTaken, outcome: 'done' }
  },
})
