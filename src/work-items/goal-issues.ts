/** Goals from comments: each becomes an issue, once. */

import { createHash } from 'node:crypto'
import type { Tx } from '../db/connect.ts'
import { type EffectRow, effectsOf, enqueueEffect } from '../db/outbox.ts'
import type { EffectOf } from '../domain/effects.ts'

/**
 * Requests an issue for a goal. The same goal in the same place is one issue.
 * @param place.issueNumber the issue with the comment; undefined where a program asks.
 * @returns the effect of an earlier request, if there was one.
 */
export async function createGoalIssue(
  tx: Tx,
  place: { repositoryId: number; issueNumber: number | undefined },
  goal: string,
  issue: Omit<EffectOf<'create-issue'>['payload'], 'origin'>,
): Promise<EffectRow | undefined> {
  const digest = createHash('sha256').update(goal.trim().replace(/\s+/g, ' ')).digest('hex').slice(0, 16)
  const key = `create:goal:${place.repositoryId}:${place.issueNumber ?? 'program'}:${digest}`
  const [before] = await effectsOf(tx.db, [key])
  if (before && before.state !== 'failed') return before
  await enqueueEffect(
    tx,
    { repositoryId: place.repositoryId, key },
    { kind: 'create-issue', payload: { ...issue, origin: 'goal' } },
    { again: true },
  )
  return undefined
}
