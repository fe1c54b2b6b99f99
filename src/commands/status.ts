import { z } from 'zod'
import { nothingQueuedStatus, pullRequestWithoutItem } from '../messages/commands/status.ts'
import { defineCommand, type Reply } from './command.ts'
import { spendingToday } from './lib/spending.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'status',
  summary: 'Says where this issue stands, what it waits for, and what was spent today',
  examples: ['/status'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context): Promise<Reply> {
    const { item } = context
    const spent = await spendingToday(context)
    if (item) return { text: `${await statusSentence(context, item)}${spent}`, outcome: 'done' }
    const text = context.issue?.isPullRequest ? pullRequestWithoutItem : nothingQueuedStatus(context.settings.prefix)
    return { text: `${text}${spent}`, outcome: 'done' }
  },
})
