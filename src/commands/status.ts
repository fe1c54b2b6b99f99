import { z } from 'zod'
import { defineCommand, type Reply } from './command.ts'
import { spendingToday } from './lib/spending.ts'
import { statusSentence, typed } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'status',
  summary: 'Says where this issue stands, what it waits for, and what was spent today',
  examples: ['/status'],
  args: z.strictObject({}),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context): Promise<Reply> {
    const { item } = context
    const spent = await spendingToday(context)
    if (item) return { text: `${await statusSentence(context, item)}${spent}`, outcome: 'done' }
    const text = context.issue.isPullRequest
      ? 'This pull request belongs to no work item of mine.'
      : `Nothing is queued here. ${typed(context, 'queue')} queues it.`
    return { text: `${text}${spent}`, outcome: 'done' }
  },
})
