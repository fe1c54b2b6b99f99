import { z } from 'zod'
import { costOfMerged, unpricedAgents } from '../db/usage.ts'
import { currentMs } from '../lib/clock.ts'
import { currencyOf } from '../lib/money.ts'
import * as messages from '../messages/commands/budget.ts'
import { defineCommand, type Reply } from './command.ts'
import { spendingToday } from './lib/spending.ts'

const days = 30
const dayMs = 24 * 3_600_000

export const command = defineCommand({
  name: 'budget',
  summary: 'Shows what agents cost: today, for this issue, for each merge, and the limits',
  examples: ['/budget'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context): Promise<Reply> {
    const { tx, repo, settings } = context
    const spent = (await spendingToday(context)).trim() || messages.nothingSpent
    const merged = await costOfMerged(tx.db, repo.id, new Date(currentMs() - days * dayMs))
    const unpriced = await unpricedAgents(tx.db, repo.id, new Date(currentMs() - days * dayMs))
    const prices = messages.pricesMissing(
      unpriced.filter((agent) => settings.agents[agent]?.prices === undefined),
      currencyOf(settings.limits),
    )
    const parts = [spent, prices, messages.mergedCosts(merged, days), messages.limitList(settings.limits)]
    return { text: parts.filter(Boolean).join('\n\n'), outcome: 'done' }
  },
})
