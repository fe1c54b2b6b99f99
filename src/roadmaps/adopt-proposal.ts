/** A person adopts a proposal: it becomes one issue, once. */

import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { lockProposal, type ProposalRow, proposalsOf, updateProposal } from '../db/proposals.ts'
import type { ItemRow } from '../db/work-items.ts'
import { currentTime } from '../lib/clock.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/proposals.ts'
import { showProposals } from './proposal-comment.ts'

const keyPrefix = 'create:proposal:'

/** The proposal whose issue an effect creates. @param key of the effect. */
export function proposalOfKey(key: string): number | undefined {
  return key.startsWith(keyPrefix) ? Number(key.slice(keyPrefix.length)) : undefined
}

/**
 * Requests the issue of a proposal. A second time changes nothing.
 * @param how.queue whether it gets the label that queues, and is queued for the person.
 * @returns the reply.
 * @throws {UserError} when there is no such proposal, or later ones have replaced it.
 */
export async function adoptProposal(
  tx: Tx,
  item: ItemRow,
  number: number,
  how: { actor: { id: number; login: string }; queue: boolean; settings: Settings },
): Promise<string> {
  const { actor, queue, settings } = how
  const proposal = await lockProposal(tx, item.id, number)
  if (proposal?.state === 'adopted') return messages.adoptedAlready(number, proposal.issueNumber)
  if (proposal?.state !== 'open') throw await refusal(tx, item, number, { proposal, prefix: settings.prefix })
  await updateProposal(tx, proposal.id, {
    ...{ state: 'adopted', adoptedBy: actor.login, adoptedById: actor.id, queued: queue, decidedAt: currentTime() },
  })
  const labels = queue ? [settings.label] : []
  const issue = messages.proposedIssue(proposal, { roadmap: item.issueNumber, login: actor.login, labels })
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, key: `${keyPrefix}${proposal.id}` },
    { kind: 'create-issue', payload: { ...issue, origin: 'proposal', wantedBy: { id: actor.id, login: actor.login } } },
    // An earlier attempt may have failed for good.
    { again: true, asked: true },
  )
  await showProposals(tx, item, settings.prefix)
  return messages.proposalAdopted(number, queue)
}

async function refusal(
  tx: Tx,
  item: ItemRow,
  number: number,
  { proposal, prefix }: { proposal: ProposalRow | undefined; prefix: string },
): Promise<UserError> {
  const all = await proposalsOf(tx.db, item.id)
  const open = all.filter(({ state }) => state === 'open').map((one) => one.number)
  if (proposal) return new UserError(...messages.proposalReplaced(number, open, prefix))
  return new UserError(
    ...(all.length === 0 ? messages.noProposalsHere(prefix) : messages.noSuchProposal(number, open, prefix)),
  )
}
