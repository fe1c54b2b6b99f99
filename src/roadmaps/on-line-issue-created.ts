/** Reacts to the issue of a roadmap's line: it was created, or could not be created. */

import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { addPart, linesWithoutIssue } from '../db/epics.ts'
import { type EffectRow, effectById, issuesBeingCreated } from '../db/outbox.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { type ItemRow, lockItem } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { linkSubIssue } from './sub-issue-links.ts'

/** The new issue is a part of the roadmap. It is queued for the person who asked for the roadmap. */
async function onLineIssueCreated({ store }: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(store.db, job.effectId)
  if (effect) await store.transaction((tx) => lineCreated(tx, effect))
}

async function lineCreated(tx: Tx, effect: EffectRow): Promise<void> {
  const epic = effect.workItemId === null ? undefined : await lockItem(tx, effect.workItemId)
  const repo = epic && (await getRepository(tx.db, epic.repositoryId))
  if (!epic || !repo || repo.state === 'gone') return
  const { part } = effect.payload as EffectOf<'create-issue'>['payload']
  if (typeof effect.result?.number === 'number')
    await addLinePart(tx, { epic, repo, effect, number: effect.result.number })
  const failed = effect.state === 'failed'
  const next = failed || (linesWithoutIssue(epic) > 0 && (await issuesBeingCreated(tx.db, epic.id)) === 0)
  // Other lines may wait for this one, all are counted again, and a failure is reported.
  if (next)
    await tx.enqueue({
      queue: 'sync-roadmap',
      workItemId: epic.id,
      from: part?.source === 'roadmap' ? 'file' : 'issue',
    })
}

interface NewPart {
  epic: ItemRow
  repo: RepositoryRow
  effect: EffectRow
  number: number
}

async function addLinePart(tx: Tx, { epic, repo, effect, number }: NewPart): Promise<void> {
  const { title, body, labels, part } = effect.payload as EffectOf<'create-issue'>['payload']
  const repository = repo.fullName.toLowerCase()
  const { source, ...place } = part ?? { source: 'task-list' as const, position: 0, heading: '' }
  await addPart(tx, epic.id, source, { ...place, repository, issueNumber: number, blocker: 'open' })
  if (terminalStates.includes(epic.state)) return
  await linkSubIssue(tx, epic, {
    repository,
    number,
    ...(typeof effect.result?.id === 'number' ? { id: effect.result.id } : {}),
  })
  const url = typeof effect.result?.url === 'string' ? effect.result.url : ''
  const issue = { number, title, body, url, labels, nativeBlockers: 0, openParts: 0 }
  const actor = { id: epic.requestedById, login: epic.requestedBy }
  const settings = settingsOf(repo)
  const { happened } = await enqueueIssue(tx, { repo, settings, issue, actor, muted: true })
  if (happened === 'nothing') await tx.enqueue({ queue: 'schedule' })
}

export const onLineIssueCreatedJob = defineJob(
  { queue: 'on-line-issue-created', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onLineIssueCreated,
)
