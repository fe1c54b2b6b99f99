/** An issue that was made of a goal, by `/build` or `/orchestrate build`: it is queued on the word of whoever said it. */

import { eq } from 'drizzle-orm'
import { defaultSettings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import type { EffectRow } from '../db/outbox.ts'
import { workItems } from '../db/schema/core.ts'
import { getSystem } from '../db/work-items.ts'
import { route } from '../domain/choose-workflow.ts'
import type { EffectOf } from '../domain/effects.ts'
import { labelFacts } from '../domain/labels.ts'
import { madeIssue } from './created-issue.ts'
import { queueIssue } from './enqueue-issue.ts'
import { goalPrefix } from './goal-issues.ts'

export function isGoalKey(key: string): boolean {
  return key.startsWith(goalPrefix)
}

/** Queues the issue. A second time changes nothing: it is queued already. */
export async function goalMade(tx: Tx, effect: EffectRow): Promise<void> {
  const issue = madeIssue(effect)
  const system = await getSystem(tx.db, effect.systemId)
  const { wantedBy, explicit } = effect.payload as EffectOf<'create-issue'>['payload']
  if (!issue || !system || system.state === 'gone' || !wantedBy) return
  const settings = system.settings ?? defaultSettings()
  const { item, happened } = await queueIssue(tx, {
    ...{ system, settings, actor: wantedBy },
    issue: { ...issue, nativeBlockers: 0, openParts: 0 },
  })
  if (happened === 'nothing') return
  const goal = { ...issue, effort: labelFacts(issue.labels).effort }
  const routing = explicit ? { ...route(goal), mode: 'explicit' as const } : null
  await tx.db.update(workItems).set({ routing }).where(eq(workItems.id, item.id))
}
