import { z } from 'zod'
import { suggestOrder } from '../domain/forecast.ts'
import { forecastReply, noConflicts } from '../messages/forecast.ts'
import { pullConflicts } from '../pull-requests/pull-conflicts.ts'
import { defineCommand, type Reply } from './command.ts'

/** Reads the matrix that every push keeps up to date. */
export const command = defineCommand({
  name: 'forecast',
  summary: 'Shows which open pull requests conflict with each other, and an order to merge',
  examples: ['/forecast'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }): Promise<Reply> {
    const { open, pairs } = await pullConflicts(tx.db, repo.id)
    if (pairs.length === 0) return { text: noConflicts(open.length), outcome: 'done' }
    return { text: forecastReply(pairs, suggestOrder(open, pairs)), outcome: 'done' }
  },
})
