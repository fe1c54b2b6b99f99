/** Goals that were said instead of written down as an issue: each becomes an issue, once. */

import { createHash } from 'node:crypto'
import type { Tx } from '../db/connect.ts'
import { type EffectRow, effectsOf, want } from '../db/outbox.ts'
import type { EffectOf } from '../domain/effects.ts'

/** How the keys of the effects begin that make issues of goals. */
export const goalPrefix = 'create:goal:'

/**
 * Has an issue made of a goal. The same goal, said in the same place, is one issue.
 * @param place.issueNumber where it was said.
 * @returns the effect that was wanted for it before, if there was one.
 */
export async function wantGoal(
  tx: Tx,
  place: { systemId: number; issueNumber: number },
  goal: string,
  issue: EffectOf<'create-issue'>['payload'],
): Promise<EffectRow | undefined> {
  const digest = createHash('sha256').update(goal.trim().replace(/\s+/g, ' ')).digest('hex').slice(0, 16)
  const key = `${goalPrefix}${place.systemId}:${place.issueNumber}:${digest}`
  const [before] = await effectsOf(tx.db, [key])
  if (before && before.state !== 'failed') return before
  await want(tx, { systemId: place.systemId, key }, { kind: 'create-issue', payload: issue }, { again: true })
  return undefined
}
