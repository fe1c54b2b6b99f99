/**
 * The outbox: every write to GitHub is a pending effect that commits with its transition. `github/effects/` publishes
 * it. A key identifies the effect, so that requesting it twice publishes it once.
 */

import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { askedPriority, type Effect, effectPriorities, followUpOf } from '../domain/effects.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { effects } from './schema/effects.ts'

export type EffectRow = typeof effects.$inferSelect

/**
 * Adds a pending effect. The same key with the same payload changes nothing. A new payload replaces the old one and is
 * published again (a comment is edited, a label replaced).
 * @param options.after not before this time. An effect that is pending for an earlier time keeps that time.
 * @param options.again publish again even when the payload is the same.
 * @param options.asked a person waits for it: it goes before what no person has asked for.
 */
export async function enqueueEffect(
  tx: Tx,
  target: { repositoryId: number; workItemId?: number; key: string },
  effect: Effect,
  options: { after?: Date; again?: boolean; asked?: boolean } = {},
): Promise<void> {
  const notBefore = options.after ?? currentTime()
  const payload = effect.payload as Record<string, unknown>
  const own = effectPriorities[effect.kind]
  const priority = options.asked ? Math.min(own, askedPriority) : own
  const changed = options.again ? sql`true` : sql`${effects.payload} <> ${sql.param(payload, effects.payload)}`
  const rows = await tx.db
    .insert(effects)
    .values({ ...target, kind: effect.kind, payload, priority, notBefore })
    .onConflictDoUpdate({
      target: effects.key,
      set: {
        payload,
        priority: sql`case when ${effects.state} in ('pending', 'in_progress') then least(${effects.priority}, excluded.priority) else excluded.priority end`,
        revision: sql`${effects.revision} + 1`,
        state: sql`case when ${effects.state} = 'in_progress' then 'in_progress' else 'pending' end`,
        notBefore: sql`case when ${effects.state} = 'pending' then least(${effects.notBefore}, excluded.not_before) else excluded.not_before end`,
        attempts: sql`case when ${effects.state} = 'failed' then 0 else ${effects.attempts} end`,
        error: null,
      },
      setWhere: changed,
    })
    .returning({ id: effects.id })
  if (rows.length > 0) await tx.enqueue({ queue: 'publish-effects' }, { after: options.after })
}

/** Cancels an effect that is not being published yet. @returns false when there is none, or it is too late. */
export async function cancelEffect(tx: Tx, key: string): Promise<boolean> {
  const rows = await tx.db
    .update(effects)
    .set({ state: 'failed', error: 'withdrawn' })
    .where(and(eq(effects.key, key), eq(effects.state, 'pending')))
    .returning({ id: effects.id })
  return rows.length > 0
}

/** The next pending effects that are due, most urgent first. */
export async function nextEffects(db: Database, limit: number): Promise<EffectRow[]> {
  return db
    .select()
    .from(effects)
    .where(and(eq(effects.state, 'pending'), lte(effects.notBefore, currentTime())))
    .orderBy(asc(effects.priority), asc(effects.id))
    .limit(limit)
}

/**
 * Marks an effect as in progress. After a crash it stays `in_progress`, and the next publisher searches for its marker
 * on GitHub before it writes again.
 * @returns the row, or undefined when another publisher was faster.
 */
export async function claimEffect(db: Database, id: number, processId: string): Promise<EffectRow | undefined> {
  const [row] = await db
    .update(effects)
    .set({
      state: 'in_progress',
      claimedBy: processId,
      claimEpoch: sql`${effects.claimEpoch} + 1`,
      claimedAt: sql`now()`,
      attempts: sql`${effects.attempts} + 1`,
      attemptedAt: currentTime(),
    })
    .where(and(eq(effects.id, id), eq(effects.state, 'pending')))
    .returning()
  return row
}

/** Confirms a claim, so that others leave the effect alone. @returns false when it is lost. */
export async function confirmClaim(db: Database, row: EffectRow): Promise<boolean> {
  const rows = await db
    .update(effects)
    .set({ claimedAt: sql`now()` })
    .where(underClaim(row))
    .returning({ id: effects.id })
  return rows.length > 0
}

/** The row of an effect, as long as exactly this claim holds. */
function underClaim(row: EffectRow) {
  const { id, claimedBy, claimEpoch } = row
  return and(
    eq(effects.id, id),
    eq(effects.state, 'in_progress'),
    eq(effects.claimedBy, claimedBy ?? ''),
    eq(effects.claimEpoch, claimEpoch),
  )
}

/** Makes the effects pending again that a process had claimed and could not complete. */
export async function releaseEffects(db: Database, processId: string): Promise<void> {
  await db
    .update(effects)
    .set({ state: 'pending', claimedBy: null })
    .where(and(eq(effects.state, 'in_progress'), eq(effects.claimedBy, processId)))
}

/**
 * Completes an effect that was published at its `revision`, under its claim. A newer revision makes it pending again.
 * @param outcome.attemptedAt when a write was sent that may still be under way; null when there is none.
 * @returns false when another process has taken it over: then nothing is changed.
 */
export async function completeEffect(
  tx: Tx,
  row: EffectRow,
  outcome:
    | { kind: 'done'; result: Record<string, unknown> }
    | { kind: 'later'; at: Date; error: string; attemptedAt: Date | null }
    | { kind: 'failed'; error: string },
): Promise<boolean> {
  const set =
    outcome.kind === 'done'
      ? {
          state: sql`case when ${effects.revision} > ${row.revision} then 'pending' else 'done' end`,
          published: row.revision,
          result: outcome.result,
          error: null,
          attempts: 0,
          doneAt: currentTime(),
        }
      : outcome.kind === 'later'
        ? { state: 'pending' as const, notBefore: outcome.at, error: outcome.error, attemptedAt: outcome.attemptedAt }
        : { state: 'failed' as const, error: outcome.error }
  const rows = await tx.db.update(effects).set(set).where(underClaim(row)).returning({ id: effects.id })
  if (rows.length === 0) return false
  if (outcome.kind === 'later') await tx.enqueue({ queue: 'publish-effects' }, { after: outcome.at })
  const effect = { kind: row.kind, payload: row.payload } as unknown as Effect
  const followUp = outcome.kind === 'later' ? undefined : followUpOf(effect, row.id)
  if (followUp) await tx.enqueue(followUp)
  return true
}

/** One effect by its row id. */
export async function effectById(db: Database, id: number): Promise<EffectRow | undefined> {
  const [row] = await db.select().from(effects).where(eq(effects.id, id))
  return row
}

/** The effects with these keys, in any state. */
export async function effectsOf(db: Database, keys: readonly string[]): Promise<EffectRow[]> {
  const found: EffectRow[] = []
  for (let at = 0; at < keys.length; at += keysPerQuery) {
    const chunk = keys.slice(at, at + keysPerQuery)
    found.push(
      ...(await db
        .select()
        .from(effects)
        .where(inArray(effects.key, [...chunk]))),
    )
  }
  return found
}

const keysPerQuery = 1_000

/** How many issues that an item has requested are not created yet. */
export async function issuesBeingCreated(db: Database, workItemId: number): Promise<number> {
  const rows = await db
    .select({ id: effects.id })
    .from(effects)
    .where(
      and(
        eq(effects.workItemId, workItemId),
        eq(effects.kind, 'create-issue'),
        inArray(effects.state, ['pending', 'in_progress']),
      ),
    )
  return rows.length
}
