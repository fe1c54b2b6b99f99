import { z } from 'zod'
import { orchestratorText } from '../messages/commands/orchestrator.ts'
import { orchestratorStateOf, orchestratorView } from '../views/orchestrator.ts'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'get-orchestrator',
  summary: 'The orchestrator of a repository: its state, its work in numbers, its settings',
  examples: ['{}'],
  slash: false,
  route: { method: 'GET', path: '/orchestration' },
  args: z.strictObject({}),
  positional: [],
  result: orchestratorView,
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }): Promise<Reply> {
    const data = await orchestratorStateOf(tx.db, repo)
    return { text: orchestratorText(data), outcome: 'done', data }
  },
})
