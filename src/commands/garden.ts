import { z } from 'zod'
import { gardenStarted } from '../messages/commands/schedule.ts'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'garden',
  summary: 'Checks the health of the roadmap and frees what no longer waits for anything',
  examples: ['/garden'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run({ tx, repo, item, issue }): Promise<Reply> {
    // The job may ask GitHub. A command runs in a transaction and cannot wait for that.
    const key = String(Date.now())
    await tx.enqueue({ queue: 'garden', repositoryId: repo.id, workItemId: item?.id, issueNumber: issue.number, key })
    return { text: gardenStarted, outcome: 'done' }
  },
})
