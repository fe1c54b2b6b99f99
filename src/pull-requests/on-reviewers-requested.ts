/** Reacts to a request for reviewers: a refusal is shown on the pull request, and stops nothing. */

import { z } from 'zod'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { effectById } from '../db/outbox.ts'
import { requestPullRequestComment } from '../db/status-comment.ts'
import { getItem } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { currentTime } from '../lib/clock.ts'

async function onReviewersRequested({ store }: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  const item = effect?.workItemId ? await getItem(store.db, effect.workItemId) : undefined
  if (!effect || !item || (effect.state !== 'failed' && effect.result?.refused === undefined)) return
  const { pullNumber } = effect.payload as EffectOf<'request-reviewers'>['payload']
  await store.transaction((tx) => requestPullRequestComment(tx, item, pullNumber, { after: currentTime() }))
}

export const onReviewersRequestedJob = defineJob(
  { queue: 'on-reviewers-requested', payload: z.object({ effectId: z.number().int() }) },
  onReviewersRequested,
)
