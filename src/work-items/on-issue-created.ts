/** The `created` queue: an issue that was wanted is there now, or cannot be made. */

import { defaultSettings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { addPart, unmadeOf } from '../db/epics.ts'
import { type EffectRow, effectById, issuesUnderWay } from '../db/outbox.ts'
import { getSystem, type ItemRow, lockItem, type SystemRow } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { finished } from '../domain/lifecycle.ts'
import { isPlanKey, planIssueMade } from '../planning/breakdown-issues.ts'
import { isRoadmapKey } from '../roadmaps/create-issues.ts'
import { link } from '../roadmaps/sub-issue-links.ts'
import { queueIssue } from './enqueue-issue.ts'
import { goalMade, isGoalKey } from './queue-goal-issue.ts'

/** Handler of the `created` queue: what an effect was made for, its key says. */
export async function created(parts: { store: Store }, job: { effectId: number }): Promise<void> {
  const effect = await effectById(parts.store.db, job.effectId)
  if (!effect) return
  await parts.store.transaction(async (tx) => {
    if (isRoadmapKey(effect.key)) await lineMade(tx, effect)
    if (isPlanKey(effect.key)) await planIssueMade(tx, effect)
    if (isGoalKey(effect.key)) await goalMade(tx, effect)
  })
}

/** A line of a roadmap became an issue: it is a part, and is queued on the word of whoever asked for the roadmap. */
async function lineMade(tx: Tx, effect: EffectRow): Promise<void> {
  const epic = effect.workItemId === null ? undefined : await lockItem(tx, effect.workItemId)
  const system = epic && (await getSystem(tx.db, epic.systemId))
  if (!epic || !system || system.state === 'gone') return
  const { part } = effect.payload as EffectOf<'create-issue'>['payload']
  if (typeof effect.result?.number === 'number') await take(tx, epic, system, effect, effect.result.number)
  const failed = effect.state === 'failed'
  const next = failed || (unmadeOf(epic) > 0 && (await issuesUnderWay(tx.db, epic.id)) === 0)
  // Lines may wait for this one, all are counted anew, and what failed is told.
  if (next)
    await tx.enqueue({ queue: 'roadmap', workItemId: epic.id, from: part?.source === 'roadmap' ? 'file' : 'issue' })
}

async function take(tx: Tx, epic: ItemRow, system: SystemRow, effect: EffectRow, number: number): Promise<void> {
  const { title, body, labels, part } = effect.payload as EffectOf<'create-issue'>['payload']
  const repository = system.fullName.toLowerCase()
  const { source, ...place } = part ?? { source: 'task-list' as const, position: 0, heading: '' }
  await addPart(tx, epic.id, source, { ...place, repository, issueNumber: number, blocker: 'open' })
  if (finished.includes(epic.state)) return
  await link(tx, epic, {
    repository,
    number,
    ...(typeof effect.result?.id === 'number' ? { id: effect.result.id } : {}),
  })
  const url = typeof effect.result?.url === 'string' ? effect.result.url : ''
  const issue = { number, title, body, url, labels, nativeBlockers: 0, openParts: 0 }
  const actor = { id: epic.requestedById, login: epic.requestedBy }
  const settings = system.settings ?? defaultSettings()
  const { happened } = await queueIssue(tx, { system, settings, issue, actor, quiet: true })
  if (happened === 'nothing') await tx.enqueue({ queue: 'schedule' })
}
