/** Reacts to a merge that was requested: it is done, or GitHub has refused it. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type EffectRow, effectById } from '../db/outbox.ts'
import { pullByNumber } from '../db/pull-requests.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { lockItem, transition } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { mergeRefused } from '../messages/pull-requests.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { markMerged } from './mark-merged.ts'

async function onPullRequestMerged({ store }: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  const workItemId = effect?.workItemId
  if (effect && workItemId) await store.transaction((tx) => mergeCompleted(tx, effect, workItemId))
}

async function mergeCompleted(tx: Tx, effect: EffectRow, workItemId: number): Promise<void> {
  const item = await lockItem(tx, workItemId)
  const { pullNumber } = effect.payload as EffectOf<'merge'>['payload']
  const pull = item && (await pullByNumber(tx.db, item.repositoryId, pullNumber))
  if (!item || !pull) return
  if (effect.state === 'failed') {
    if (item.state !== 'merging') return
    await tx.db
      .update(pullRequests)
      .set({ mergeRequestedBy: null, mergeRequestedById: null, mergeSha: null })
      .where(eq(pullRequests.id, pull.id))
    await transition(tx, item, 'reviewing', { actor: 'github', why: mergeRefused(effect.error ?? '') })
    return
  }
  const mergedSha = String(effect.result?.mergedSha ?? '')
  await markMerged(tx, { pullRequestId: pull.id, mergedSha, by: pull.mergeRequestedBy ?? 'github' })
}

export const onPullRequestMergedJob = defineJob(
  { queue: 'on-pull-request-merged', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onPullRequestMerged,
)
