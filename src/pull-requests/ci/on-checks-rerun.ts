/** Reacts to a rerun that was asked for: where GitHub has refused it, the failures are dealt with as they are. */

import { z } from 'zod'
import { ciReportOf, saveCiReport } from '../../db/ci.ts'
import type { Store } from '../../db/connect.ts'
import { defineJob } from '../../db/define-job.ts'
import { effectById } from '../../db/outbox.ts'
import { getRepository } from '../../db/repositories.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import { getItem } from '../../db/work-items.ts'
import type { EffectOf } from '../../domain/effects.ts'
import { holdItem } from '../../work-items/dead-letter.ts'

async function onChecksRerun({ store }: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  if (effect?.state !== 'failed' || !effect.workItemId) return
  const { sha } = effect.payload as EffectOf<'rerun-checks'>['payload']
  const item = await getItem(store.db, effect.workItemId)
  const repo = item && (await getRepository(store.db, item.repositoryId))
  const report = item && (await ciReportOf(store.db, item.id, sha))
  if (!item || !repo || !report) return
  const reruns = Math.max(report.reruns, settingsOf(repo).ci.rerun)
  await store.transaction(async (tx) => {
    await saveCiReport(tx, { workItemId: item.id, sha }, { reruns, rerunAt: null, rerunOf: [] })
    await tx.enqueue({ queue: 'read-checks', workItemId: item.id, sha, now: true })
  })
}

export const onChecksRerunJob = defineJob(
  { queue: 'on-checks-rerun', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onChecksRerun,
)
