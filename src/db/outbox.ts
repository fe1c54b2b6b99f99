/**
 * The outbox: every write to GitHub is a wanted fact, committed with the transition that wanted it. The publisher in
 * github/ makes it true. A key names the fact, so that wanting it twice is wanting it once.
 */

import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { type Effect, effectPriorities, followUpOf } from '../domain/effects.ts'
import type { Database, Tx } from './connect.ts'
import { effects } from './schema/core.ts'

export type EffectRow = typeof effects.$inferSelect

/**
 * Wants a fact. The same key again changes nothing while the payload is the same; a new payload replaces the old one
 * and is published once more (comments are edited, labels moved).
 * @param options.after not before this time; an earlier wish already waiting stays early.
 */
export async function enqueueEffect(
  tx: Tx,
  target: { repositoryId: number; workItemId?: number; key: string },
  effect: Effect,
  options: { after?: Date; again?: boolean } = {},
): Promise<void> {
  const notBefore = options.after ?? new Date()
  const payload = effect.payload as Record<string, unknown>
  const changed = options.again ? sql`true` : sql`${effects.payload} <> ${JSON.stringify(payload)}::jsonb`
  const rows = await tx.db
    .insert(effects)
    .values({ ...target, kind: effect.kind, payload, priority: effectPriorities[effect.kind], notBefore })
    .onConflictDoUpdate({
      target: effects.key,
      set: {
        payload,
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

/** The next wanted facts whose time has come, most urgent first. */
export async function nextEffects(db: Database, limit: number): Promise<EffectRow[]> {
  return db
    .select()
    .from(effects)
    .where(and(eq(effects.state, 'pending'), lte(effects.notBefore, new Date())))
    .orderBy(asc(effects.priority), asc(effects.id))
    .limit(limit)
}

/**
 * Marks an effect as being carried out. From here on a crash leaves it `doing`, and whoever takes it over looks for
 * its marker on GitHub before writing again.
 * @returns the row, or undefined when another publisher was faster.
 */
export async function claimEffect(db: Database, id: number, instance: string): Promise<EffectRow | undefined> {
  const [row] = await db
    .update(effects)
    .set({ state: 'in_progress', claimedBy: instance, attempts: sql`${effects.attempts} + 1` })
    .where(and(eq(effects.id, id), eq(effects.state, 'pending')))
    .returning()
  return row
}

/** Wants again what a process was carrying out and could not settle. */
export async function releaseEffects(db: Database, instance: string): Promise<void> {
  await db
    .update(effects)
    .set({ state: 'pending', claimedBy: null })
    .where(and(eq(effects.state, 'in_progress'), eq(effects.claimedBy, instance)))
}

/** Settles an effect that was carried out at `revision`; a wish that came meanwhile makes it wanted again. */
export async function completeEffect(
  tx: Tx,
  row: EffectRow,
  outcome:
    | { kind: 'done'; result: Record<string, unknown> }
    | { kind: 'later'; at: Date; error: string }
    | { kind: 'failed'; error: string },
): Promise<void> {
  const set =
    outcome.kind === 'done'
      ? {
          state: sql`case when ${effects.revision} > ${row.revision} then 'pending' else 'done' end`,
          published: row.revision,
          result: outcome.result,
          error: null,
          attempts: 0,
          doneAt: new Date(),
        }
      : outcome.kind === 'later'
        ? { state: 'pending' as const, notBefore: outcome.at, error: outcome.error }
        : { state: 'failed' as const, error: outcome.error }
  await tx.db.update(effects).set(set).where(eq(effects.id, row.id))
  if (outcome.kind === 'later') await tx.enqueue({ queue: 'publish-effects' }, { after: outcome.at })
  const effect = { kind: row.kind, payload: row.payload } as unknown as Effect
  const follow = outcome.kind === 'later' ? undefined : followUpOf(effect, row.id)
  if (follow) await tx.enqueue(follow)
}

/** One effect by its row id. */
export async function effectById(db: Database, id: number): Promise<EffectRow | undefined> {
  const [row] = await db.select().from(effects).where(eq(effects.id, id))
  return row
}

/** The effects of these keys that were ever wanted. */
export async function effectsOf(db: Database, keys: readonly string[]): Promise<EffectRow[]> {
  const found: EffectRow[] = []
  for (let at = 0; at < keys.length; at += keysAtOnce) {
    const some = keys.slice(at, at + keysAtOnce)
    found.push(
      ...(await db
        .select()
        .from(effects)
        .where(inArray(effects.key, [...some]))),
    )
  }
  return found
}

const keysAtOnce = 1_000

/** How many issues that were wanted for an item are not made yet. */
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
