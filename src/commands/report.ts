import { z } from 'zod'
import { currentMs } from '../lib/clock.ts'
import { orchestrationReport } from '../messages/report.ts'
import { reportOfEpic, reportOfRepository, reportView } from '../views/report.ts'
import { defineCommand, type Reply } from './command.ts'
import { wholeNumber } from './lib/whole-number.ts'

const usualDays = 7
const dayMs = 24 * 3_600_000

/** On a roadmap it is about its parts. A finished roadmap gets this report by itself. */
export const command = defineCommand({
  name: 'report',
  summary: 'Reports the work: items, agents, quality, duration, cost, what is next',
  examples: ['/report', '/report 30'],
  args: z.strictObject({
    days: wholeNumber(1, 365).optional().describe(`Of the last so many days, outside of a roadmap; ${usualDays}`),
  }),
  positional: ['days'],
  result: reportView,
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo, item }, { days = usualDays }): Promise<Reply> {
    const since = new Date(currentMs() - days * dayMs)
    const data = item?.kind === 'epic' ? await reportOfEpic(tx.db, item) : await reportOfRepository(tx.db, repo, since)
    return { text: orchestrationReport(data), outcome: 'done', data }
  },
})
