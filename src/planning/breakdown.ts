/** An approved breakdown: each part becomes an issue, once, and the goal an epic that is done when they are. */

import { and, eq, like } from 'drizzle-orm'
import type { Database, Tx } from '../db/connect.ts'
import { type EffectRow, enqueueEffect } from '../db/outbox.ts'
import type { PlanRow } from '../db/plans.ts'
import { effects } from '../db/schema/effects.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { breakdownApproved } from '../messages/planning.ts'
import { madeOfOtherIssues } from '../messages/triage.ts'

/** The key of the effect that creates the issue of one part of a plan. */
export function planIssueKey(planId: number, part: string): string {
  return `create:plan:${planId}:${part}`
}

/** The plan and the part of such a key. */
export function planIssueOf(key: string): { planId: number; part: string } | undefined {
  const [, planId, part] = /^create:plan:(\d+):(.+)$/.exec(key) ?? []
  return planId === undefined || part === undefined ? undefined : { planId: Number(planId), part }
}

/**
 * Requests the issues that do not exist yet, and again those that could not be created. The `on-part-issue-created` queue
 * goes on when all of them exist.
 */
export async function startBreakdown(
  tx: Tx,
  { item, plan }: { item: ItemRow; plan: PlanRow },
  issues: readonly { key: string; issue: Omit<EffectOf<'create-issue'>['payload'], 'origin'> }[],
  actor: string,
): Promise<void> {
  const known = new Map((await planIssues(tx.db, plan.id)).map((row) => [row.key, row]))
  let missing = 0
  for (const { key, issue } of issues) {
    const effect = planIssueKey(plan.id, key)
    const again = known.get(effect)?.state === 'failed'
    if (known.get(effect)?.state !== 'done') missing += 1
    if (known.has(effect) && !again) continue
    await enqueueEffect(
      tx,
      { repositoryId: item.repositoryId, workItemId: item.id, key: effect },
      { kind: 'create-issue', payload: { ...issue, origin: 'plan-part' } },
      { again },
    )
  }
  const why = missing === 0 ? madeOfOtherIssues : breakdownApproved(missing)
  await transition(tx, item, 'ready', { actor, why, set: { kind: 'epic', plannedHours: null } })
}

/** The effects that create the issues of a plan, in the order of the requests. */
export async function planIssues(db: Database, planId: number): Promise<EffectRow[]> {
  return db
    .select()
    .from(effects)
    .where(and(eq(effects.kind, 'create-issue'), like(effects.key, `${planIssueKey(planId, '')}%`)))
    .orderBy(effects.id)
}
