/** GitHub's own merge queue, where the rules of a base branch require it: GitHub merges, and Tutti's gates judge its groups. */

import { z } from 'zod'
import { appendAudit } from '../db/audit-log.ts'
import { defineJob } from '../db/define-job.ts'
import { addBatch } from '../db/merge-queue.ts'
import { effectById } from '../db/outbox.ts'
import { pullByNumber } from '../db/pull-requests.ts'
import { repositoryByGithubId } from '../db/repositories.ts'
import { cancelMergeRequest } from '../db/reviews.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { lockItem, transition } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { MergeDequeued, MergeGroupRequested } from '../domain/events.ts'
import { readMergeRefusal } from '../domain/merge-refusal.ts'
import { isInGithubQueue, leftGithubQueue } from '../messages/merge-queue.ts'
import { mergeRefused } from '../messages/merging.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { Services } from '../work-items/services.ts'
import type { PullRequestContext } from './context.ts'

/** Handler of the `on-merge-enqueued` queue. From here on GitHub has the request, and its events say what comes of it. */
export async function onMergeEnqueued({ store }: PullRequestContext, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  if (!effect?.workItemId || effect.kind !== 'enqueue-merge') return
  const { workItemId } = effect
  const { pullNumber } = effect.payload as EffectOf<'enqueue-merge'>['payload']
  await store.transaction(async (tx) => {
    const item = await lockItem(tx, workItemId)
    const pull = item && (await pullByNumber(tx.db, item.repositoryId, pullNumber))
    if (!item || !pull || item.state !== 'merging') return
    await cancelMergeRequest(tx, pull.id)
    const refused = effect.state === 'failed'
    const why = refused ? mergeRefused(readMergeRefusal(effect.error ?? '')) : isInGithubQueue(pull.baseBranch)
    const next = await transition(tx, item, refused ? 'reviewing' : 'approved', { actor: 'github', why })
    await requestStatusComment(tx, next, 'now')
  })
}

/** Acts on `pull_request` dequeued: GitHub has taken it out of its queue, merged or not. */
export async function onMergeDequeued({ store }: Services, event: MergeDequeued): Promise<EventOutcome> {
  const repo = await repositoryByGithubId(store.db, event.repository.githubId)
  const pull = repo && (await pullByNumber(store.db, repo.id, event.pullNumber))
  if (!repo || !pull || pull.state !== 'open') return ignored('not an open pull request of ours')
  // Its own event says that it was merged.
  if (event.reason === 'merge') return ignored('it is merged')
  return store.transaction(async (tx) => {
    const item = await lockItem(tx, pull.workItemId)
    if (item?.state !== 'approved') return ignored('it does not wait there')
    const why = leftGithubQueue(event.reason)
    await appendAudit(tx, {
      ...{
        repositoryId: repo.id,
        workItemId: item.id,
        actor: event.sender.login,
        what: 'left the merge queue of GitHub',
      },
      detail: { reason: event.reason, pull: pull.number },
    })
    await transition(tx, item, 'reviewing', { actor: event.sender.login, why })
    return done('it has left the merge queue of GitHub')
  })
}

/** Acts on `merge_group` checks_requested: the gates run on exactly that commit, and Tutti's check run says what they found. */
export async function onMergeGroup({ store }: Services, event: MergeGroupRequested): Promise<EventOutcome> {
  const repo = await repositoryByGithubId(store.db, event.repository.githubId)
  if (!repo || repo.state === 'gone') return ignored('the repository is not worked on')
  return store.transaction(async (tx) => {
    const { id } = await addBatch(tx, {
      ...{ repositoryId: repo.id, baseBranch: event.branch, baseSha: event.base, baseTree: '' },
      members: [{ pullRequestId: 0, sha: event.head, commit: event.head, tree: '' }],
    })
    await tx.enqueue({ queue: 'test-merge-batch', batchId: id })
    return done('the gates look at a group of the merge queue of GitHub')
  })
}

export const onMergeEnqueuedJob = defineJob(
  { queue: 'on-merge-enqueued', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onMergeEnqueued,
)
