/** A pull request was opened, or a merge carried out or refused: the journey goes on. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { type EffectRow, effectById } from '../db/outbox.ts'
import { pullByNumber, savePull } from '../db/pull-requests.ts'
import { pullRequests } from '../db/schema/core.ts'
import { advance, lockItem } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import type { DeliveryParts } from './context.ts'
import { markMerged } from './mark-merged.ts'

/** Handler of the `published` queue. */
export async function published(parts: DeliveryParts, job: { effectId: number }): Promise<void> {
  const effect = await effectById(parts.store.db, job.effectId)
  if (!effect || effect.workItemId === null) return
  const workItemId = effect.workItemId
  await parts.store.transaction(async (tx) => {
    if (effect.kind === 'pull-request') await pullPublished(tx, effect, workItemId)
    if (effect.kind === 'merge') await mergePublished(tx, effect, workItemId)
  })
}

async function pullPublished(tx: Tx, effect: EffectRow, workItemId: number): Promise<void> {
  const item = await lockItem(tx, workItemId)
  if (item?.state !== 'checking') return
  if (effect.state === 'failed') {
    const why = `GitHub refused the pull request: ${effect.error}. The work is on branch \`${item.branch}\`. Mend the cause, then say \`/retry\`.`
    await advance(tx, item, 'held', { actor: 'github', why })
    return
  }
  const result = effect.result as { number: number; url: string; sha: string } | null
  if (!result || result.sha !== item.headSha) return
  await savePull(tx, {
    systemId: item.systemId,
    workItemId,
    number: result.number,
    url: result.url,
    headSha: result.sha,
    baseBranch: item.baseBranch,
  })
  await advance(tx, item, 'reviewing', { actor: 'tutti', why: '' })
}

async function mergePublished(tx: Tx, effect: EffectRow, workItemId: number): Promise<void> {
  const item = await lockItem(tx, workItemId)
  const { pullNumber } = effect.payload as EffectOf<'merge'>['payload']
  const pull = item && (await pullByNumber(tx.db, item.systemId, pullNumber))
  if (!item || !pull) return
  if (effect.state === 'failed') {
    if (item.state !== 'merging') return
    await tx.db
      .update(pullRequests)
      .set({ mergeRequestedBy: null, mergeRequestedById: null, mergeSha: null })
      .where(eq(pullRequests.id, pull.id))
    await advance(tx, item, 'reviewing', { actor: 'github', why: refusal(effect.error ?? '') })
    return
  }
  const mergedSha = String(effect.result?.mergedSha ?? '')
  await markMerged(tx, { pullRequestId: pull.id, mergedSha, by: pull.mergeRequestedBy ?? 'github' })
}

function refusal(error: string): string {
  if (error.startsWith('409')) return 'Not merged: the branch moved after the approval. Review the new commit.'
  if (error.startsWith('405'))
    return 'Not merged: GitHub says it cannot be merged now (a conflict, or a rule of the branch).'
  return `Not merged: ${error}.`
}
