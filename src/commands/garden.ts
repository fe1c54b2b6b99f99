import { z } from 'zod'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'garden',
  summary: 'Checks the health of the roadmap and frees what no longer waits for anything',
  examples: ['/garden'],
  args: z.strictObject({}),
  words: [],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run({ tx, repo, item, issue }): Promise<Reply> {
    // GitHub may have to be asked, which a command cannot wait for.
    const key = String(Date.now())
    await tx.enqueue({ queue: 'garden', repositoryId: repo.id, workItemId: item?.id, issueNumber: issue.number, key })
    return { text: 'Looking after the roadmap; the report follows in a moment.', outcome: 'done' }
  },
})
