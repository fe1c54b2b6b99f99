import { z } from 'zod'
import { setFootprint } from '../db/footprints.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { transition } from '../db/work-items.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/best-of.ts'
import { nothingQueued } from '../messages/commands/common.ts'
import { defineCommand, type Reply } from './command.ts'
import { statusSentence } from './lib/status-sentence.ts'

export const command = defineCommand({
  name: 'use',
  summary: 'Shows what another kind of agent made of this issue in its pull request',
  examples: ['/use codex', '/use other'],
  args: z.strictObject({
    kind: z
      .string()
      .regex(/^[\w-]{1,50}$/, 'must be a kind of agent, or "other"')
      .describe('The kind of agent, or "other" where two have built it'),
  }),
  positional: ['kind'],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { kind }): Promise<Reply> {
    const { item, tx, actor, settings } = context
    if (!item) throw new UserError(...nothingQueued(settings.prefix))
    const { bestOf } = item
    const shown = bestOf?.candidates.find((one) => one.kind === bestOf.chosen)
    if (!bestOf || !shown) throw new UserError(...messages.nothingToUse)
    if (kind === shown.kind) return { text: messages.isShown(kind), outcome: 'done' }
    const others = bestOf.candidates.filter((one) => one !== shown)
    const wanted = kind === 'other' ? others.find(({ passed }) => passed) : others.find((one) => one.kind === kind)
    if (!wanted?.passed || !wanted.head)
      throw new UserError(...messages.cannotUseCandidate(kind, others, settings.prefix))
    if (settings.commits.verified) throw new UserError(...messages.useNotWithVerified)
    const pull = await pullOfItem(tx.db, item.id)
    // What people or later attempts have added is not thrown away.
    if (item.state !== 'reviewing' || pull?.state !== 'open' || pull.headSha !== shown.head || pull.mergeSha !== null)
      throw new UserError(...messages.useWhileReviewed(await statusSentence(context, item)))
    await transition(tx, item, 'checking', {
      ...{ actor: actor.login, why: messages.candidateUsed(actor.login, wanted) },
      set: {
        ...{ bestOf: { ...bestOf, chosen: wanted.kind, replaces: shown.head }, headSha: wanted.head },
        agent: wanted.kind,
      },
    })
    await setFootprint(tx, item.id, 'observed', wanted.paths)
    await tx.enqueue({ queue: 'open-pull-request', workItemId: item.id })
    return { text: messages.candidateUsedReply(wanted, shown.kind, settings.prefix), outcome: 'done' }
  },
})
