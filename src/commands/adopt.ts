import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/proposals.ts'
import { adoptProposal } from '../roadmaps/adopt-proposal.ts'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'adopt',
  summary: 'Makes an issue of one proposal of an agent; --queue has it worked on too',
  examples: ['/adopt 2', '/adopt 2 --queue'],
  args: z.strictObject({
    number: z.number().int().min(1).max(1e6).describe('Its number in the comment with the proposals'),
    queue: z.boolean().optional().describe('The issue is queued at once'),
  }),
  positional: ['number'],
  permission: 'write',
  where: 'issue',
  reads: false,
  personal: true,
  async run({ tx, item, actor, settings }, { number, queue = false }): Promise<Reply> {
    if (!item) throw new UserError(...messages.noProposalsHere(settings.prefix))
    return { text: await adoptProposal(tx, item, number, { actor, queue, settings }), outcome: 'done' }
  },
})
