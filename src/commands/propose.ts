import { z } from 'zod'
import { isTerminal } from '../domain/lifecycle.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/proposals.ts'
import { wantProposals } from '../roadmaps/want-proposals.ts'
import { defineCommand, type Reply } from './command.ts'
import { mustBeEpic } from './lib/epic.ts'

export const command = defineCommand({
  name: 'propose',
  summary: 'Has an agent propose work on this roadmap; a person adopts it with /adopt',
  examples: ['/propose'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context): Promise<Reply> {
    const { tx, item, actor, settings } = context
    if (item && item.kind !== 'epic') throw new UserError(...messages.proposeOnRoadmap(settings.prefix))
    const roadmap = item && !isTerminal(item) ? item : await mustBeEpic(context, {})
    const isNew = await wantProposals(tx, roadmap, { login: actor.login, id: actor.id })
    return { text: isNew ? messages.proposalsAsked : messages.proposalsUnderWay, outcome: 'done' }
  },
})
