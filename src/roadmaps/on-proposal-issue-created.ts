/** Reacts to the issue of an adopted proposal: it was created, or could not be created. */

import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type EffectRow, effectById } from '../db/outbox.ts'
import { getProposal, updateProposal } from '../db/proposals.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { replyOnItem } from '../db/status-comment.ts'
import { lockItem } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { proposalIssueNotCreated } from '../messages/proposals.ts'
import { createdIssue } from '../work-items/created-issue.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { proposalOfKey } from './adopt-proposal.ts'
import { showProposals } from './proposal-comment.ts'

/** Notes its number in the comment, and queues it where the person wants that. A second time changes nothing. */
async function proposalIssueCreated(tx: Tx, effect: EffectRow): Promise<void> {
  const found = await getProposal(tx.db, proposalOfKey(effect.key) ?? 0)
  const item = found && (await lockItem(tx, found.workItemId))
  const proposal = found && (await getProposal(tx.db, found.id))
  const repo = await getRepository(tx.db, effect.repositoryId)
  if (!item || !repo || repo.state === 'gone' || proposal?.state !== 'adopted' || proposal.issueNumber !== null) return
  const settings = settingsOf(repo)
  const issue = createdIssue(effect)
  if (issue) {
    await updateProposal(tx, proposal.id, { issueNumber: issue.number })
    const { wantedBy } = effect.payload as EffectOf<'create-issue'>['payload']
    if (proposal.queued && wantedBy)
      await enqueueIssue(tx, { repo, settings, actor: wantedBy, issue: { ...issue, nativeBlockers: 0, openParts: 0 } })
  } else if (effect.state === 'failed') {
    await updateProposal(tx, proposal.id, { state: 'open', adoptedBy: null, adoptedById: null, decidedAt: null })
    await replyOnItem(tx, item, proposalIssueNotCreated(proposal.number, effect.error ?? '', settings.prefix))
  } else return
  await showProposals(tx, item, settings.prefix)
}

export const onProposalIssueCreatedJob = defineJob(
  { queue: 'on-proposal-issue-created', payload: z.object({ effectId: z.number().int() }) },
  async ({ store }: { store: Store }, job): Promise<void> => {
    const effect = await effectById(store.db, job.effectId)
    if (effect) await store.transaction((tx) => proposalIssueCreated(tx, effect))
  },
)
