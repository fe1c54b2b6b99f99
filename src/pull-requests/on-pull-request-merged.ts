/** Reacts to a merge that was requested: it is done, or GitHub has refused it. */

import { z } from 'zod'
import type { Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type EffectRow, effectById, enqueueEffect } from '../db/outbox.ts'
import { type PullRow, pullByNumber } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { cancelMergeRequest } from '../db/reviews.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { canStillCome, chooseMethod, type MergeMethod, readMergeRefusal } from '../domain/merge-refusal.ts'
import { isUpdated } from '../messages/conflicts.ts'
import { baseMovedMeanwhile, githubWaits, mergeRefused, noMethodAllowed } from '../messages/merging.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'
import { markMerged } from './mark-merged.ts'

type MergeOrder = EffectOf<'merge'>['payload']

/** Handler of the `on-pull-request-merged` queue. */
export async function onPullRequestMerged(context: PullRequestContext, job: { effectId: number }): Promise<void> {
  const { store } = context
  const effect = await effectById(store.db, job.effectId)
  if (!effect?.workItemId || effect.kind !== 'merge') return
  const { workItemId } = effect
  const instead = effect.state === 'failed' ? await otherMethod(context, effect) : undefined
  await store.transaction(async (tx) => {
    const item = await lockItem(tx, workItemId)
    const { pullNumber } = effect.payload as MergeOrder
    const pull = item && (await pullByNumber(tx.db, item.repositoryId, pullNumber))
    if (!item || !pull) return
    if (effect.state === 'failed') {
      await refused(tx, { effect, item, pull, instead })
      // Those behind it in the merge queue go on without it.
      return tx.enqueue({ queue: 'advance-merge-queue', repositoryId: pull.repositoryId, baseBranch: pull.baseBranch })
    }
    const mergedSha = String(effect.result?.mergedSha ?? '')
    await markMerged(tx, { pullRequestId: pull.id, mergedSha, by: pull.mergeRequestedBy ?? 'github' })
  })
}

/**
 * GitHub does not allow the way of merging: which ones it does is asked now, for this case only.
 * @returns `none` when there is none; undefined when the refusal was about something else.
 */
async function otherMethod(context: PullRequestContext, effect: EffectRow): Promise<MergeMethod | 'none' | undefined> {
  if (readMergeRefusal(effect.error ?? '').kind !== 'method') return undefined
  const { method: tried, pullNumber } = effect.payload as MergeOrder
  const { db } = context.store
  const repo = await getRepository(db, effect.repositoryId)
  const pull = repo && (await pullByNumber(db, repo.id, pullNumber))
  if (!repo || !pull) return undefined
  const allowed = await context.github.repository(repo).mergeMethods(pull.baseBranch)
  if (!allowed) return undefined
  const others = allowed.filter((method) => method !== tried)
  return chooseMethod(tried, others) ?? 'none'
}

interface Refused {
  effect: EffectRow
  item: ItemRow
  pull: PullRow
  instead: MergeMethod | 'none' | undefined
}

async function refused(tx: Tx, { effect, item, pull, instead }: Refused): Promise<void> {
  const order = effect.payload as MergeOrder
  if (item.state !== 'merging' || pull.headSha !== order.sha) return
  if (instead && instead !== 'none') {
    const target = { repositoryId: effect.repositoryId, workItemId: item.id, key: effect.key }
    await enqueueEffect(tx, target, { kind: 'merge', payload: { ...order, method: instead } })
    return
  }
  const refusal = readMergeRefusal(effect.error ?? '')
  if (refusal.kind === 'base-moved') {
    await transition(tx, item, 'reviewing', { actor: 'github', why: baseMovedMeanwhile })
    await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id })
    return
  }
  if (refusal.kind === 'conflict' || refusal.kind === 'behind') {
    await transition(tx, item, 'reviewing', { actor: 'github', why: isUpdated })
    await tx.enqueue({ queue: 'update-branch', pullRequestId: pull.id })
    return
  }
  if (canStillCome(refusal.kind)) {
    const waiting = await transition(tx, item, 'approved', { actor: 'github', why: githubWaits(refusal.words) })
    await requestStatusComment(tx, waiting, 'now')
    return
  }
  await cancelMergeRequest(tx, pull.id)
  const why = instead === 'none' ? noMethodAllowed : mergeRefused(refusal)
  await transition(tx, item, 'reviewing', { actor: 'github', why })
}

export const onPullRequestMergedJob = defineJob(
  { queue: 'on-pull-request-merged', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onPullRequestMerged,
)
