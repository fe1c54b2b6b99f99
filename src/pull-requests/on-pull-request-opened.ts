/** Reacts to the opening of a pull request: people review it, or GitHub has refused it. */

import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type EffectRow, effectById } from '../db/outbox.ts'
import { pullByNumber, savePull } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { pullRequestRefused } from '../messages/pull-requests.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { answerReview } from './answer-review.ts'
import { markMerged } from './mark-merged.ts'
import { requestReviewers } from './request-reviewers.ts'
import { wantAgentReview } from './want-agent-review.ts'

/** What the publisher found or made. */
interface PublishedPull {
  number?: number
  url: string
  sha: string
  draft?: boolean
  /** It had been merged already. */
  mergedSha?: string | null
}

async function onPullRequestOpened({ store }: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  const workItemId = effect?.workItemId
  if (effect && workItemId) await store.transaction((tx) => pullRequestOpened(tx, effect, workItemId))
}

async function pullRequestOpened(tx: Tx, effect: EffectRow, workItemId: number): Promise<void> {
  const item = await lockItem(tx, workItemId)
  if (!item) return
  const result = effect.result as PublishedPull | null
  if (effect.state !== 'failed' && result?.number !== undefined && result.mergedSha !== undefined)
    return wasMerged(tx, item, result.number, result.mergedSha)
  // What was published last: another revision may wait that makes it ready.
  const draft = effect.state === 'failed' ? (effect.payload as { draft?: boolean }).draft : result?.draft
  if (!draft && item.state !== 'checking') return
  if (effect.state === 'failed' && !draft) {
    await transition(tx, item, 'held', { actor: 'github', why: pullRequestRefused(effect.error, item.branch) })
    return
  }
  if (result?.number === undefined) return
  // A draft is noted wherever its item has gone meanwhile; a head that is known is not put back to an earlier one.
  const isKnown = (await pullByNumber(tx.db, item.repositoryId, result.number)) !== undefined
  if (result.sha !== item.headSha && (!draft || isKnown)) return
  const pull = await savePull(tx, {
    repositoryId: item.repositoryId,
    workItemId,
    number: result.number,
    url: result.url,
    headSha: result.sha,
    baseBranch: item.baseBranch,
  })
  // A draft shows work that is not proved, and changes nothing about its item.
  if (draft) return requestStatusComment(tx, item, 'now')
  const settings = settingsOf(await getRepository(tx.db, item.repositoryId))
  await requestReviewers(tx, item, pull.number, settings)
  await wantAgentReview(tx, item, settings, pull.headSha)
  await answerReview(tx, await transition(tx, item, 'reviewing', { actor: 'tutti', why: '' }), pull)
}

/** It was merged before its branch was shown again, and the event of that is on its way or lost. */
async function wasMerged(tx: Tx, item: ItemRow, number: number, mergedSha: string | null): Promise<void> {
  const pull = await pullByNumber(tx.db, item.repositoryId, number)
  if (pull && pull.state !== 'merged') await markMerged(tx, { pullRequestId: pull.id, mergedSha, by: 'github' })
}

export const onPullRequestOpenedJob = defineJob(
  { queue: 'on-pull-request-opened', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onPullRequestOpened,
)
