import { z } from 'zod'
import { currentMs } from '../lib/clock.ts'
import { gardenStarted } from '../messages/commands/schedule.ts'
import { defineCommand, type Reply, theIssue } from './command.ts'

export const command = defineCommand({
  name: 'garden',
  summary: 'Checks the health of the roadmap and frees what no longer waits for anything',
  examples: ['/garden'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context): Promise<Reply> {
    const { tx, repo, item } = context
    // The job may ask GitHub. A command runs in a transaction and cannot wait for that.
    const key = String(currentMs())
    const issueNumber = theIssue(context).number
    await tx.enqueue({ queue: 'garden', repositoryId: repo.id, workItemId: item?.id, issueNumber, key })
    return { text: gardenStarted, outcome: 'done' }
  },
})
