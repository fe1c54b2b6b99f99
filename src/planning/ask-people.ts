/** Puts an agent's questions to the people of an issue: a comment of their own, and the item waits for the answer. */

import type { Tx } from '../db/connect.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { addRound, questionsKey } from '../db/plans.ts'
import { type ItemRow, transition } from '../db/work-items.ts'

/**
 * Asks. @param round.text the comment, made with the number of the round. @param round.runId the run to build the item
 * that asks; absent for planning. @param round.why why the item waits, for people.
 */
export async function askPeople(
  tx: Tx,
  item: ItemRow,
  round: { asked: string[]; runId?: number; why: string; text(number: number): string },
): Promise<void> {
  const row = await addRound(tx, item, round.asked, round.runId)
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: questionsKey(row.id) },
    { kind: 'comment', payload: { issueNumber: item.issueNumber, body: round.text(row.round) } },
  )
  await transition(tx, item, 'asking', { actor: 'tutti', why: round.why })
}
