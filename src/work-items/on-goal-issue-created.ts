/** Reacts to the issue of a goal (`/build`, `/orchestrate build`): it is queued for the person who gave the command. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import type { EffectRow } from '../db/outbox.ts'
import { effectById } from '../db/outbox.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { workItems } from '../db/schema/work-items.ts'
import { chooseWorkflow } from '../domain/choose-workflow.ts'
import type { EffectOf } from '../domain/effects.ts'
import { labelFacts } from '../domain/labels.ts'
import { createdIssue } from './created-issue.ts'
import { holdItem } from './dead-letter.ts'
import { enqueueIssue } from './enqueue-issue.ts'

/** Queues the issue. A second time changes nothing. */
async function goalIssueCreated(tx: Tx, effect: EffectRow): Promise<void> {
  const issue = createdIssue(effect)
  const repo = await getRepository(tx.db, effect.repositoryId)
  const { wantedBy, explicit } = effect.payload as EffectOf<'create-issue'>['payload']
  if (!issue || !repo || repo.state === 'gone' || !wantedBy) return
  const settings = settingsOf(repo)
  const { item, happened } = await enqueueIssue(tx, {
    ...{ repo, settings, actor: wantedBy },
    issue: { ...issue, nativeBlockers: 0, openParts: 0 },
  })
  if (happened === 'nothing') return
  const goal = { ...issue, effort: labelFacts(issue.labels).effort }
  const routing = explicit ? { ...chooseWorkflow(goal), mode: 'explicit' as const } : null
  await tx.db.update(workItems).set({ routing }).where(eq(workItems.id, item.id))
}

async function onGoalIssueCreated({ store }: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  if (effect) await store.transaction((tx) => goalIssueCreated(tx, effect))
}

export const onGoalIssueCreatedJob = defineJob(
  { queue: 'on-goal-issue-created', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onGoalIssueCreated,
)
