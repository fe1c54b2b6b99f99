/** The end of the journey: a pull request was merged. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { want } from '../db/outbox.ts'
import { noteMove } from '../db/repositories.ts'
import { askToStop } from '../db/runs.ts'
import { pullRequests } from '../db/schema/core.ts'
import { advance, getSystem, lockItem, noteBlocker } from '../db/work-items.ts'

/**
 * A pull request is merged, by us or by a person: the item is done, its branch is tidied, and what waited for the
 * issue may start.
 */
export async function markMerged(
  tx: Tx,
  merged: { pullRequestId: number; mergedSha: string | null; by: string },
): Promise<void> {
  const [pull] = await tx.db
    .update(pullRequests)
    .set({ state: 'merged', mergedSha: merged.mergedSha ?? undefined })
    .where(eq(pullRequests.id, merged.pullRequestId))
    .returning()
  const item = pull && (await lockItem(tx, pull.workItemId))
  if (!pull || !item || item.state === 'done') return
  const system = await getSystem(tx.db, item.systemId)
  const by = pull.mergeRequestedBy ?? merged.by
  const word = by === 'github' || by.endsWith('[bot]') ? '' : ` on the word of ${by}`
  // A person may merge while an agent is at work on the next attempt.
  await askToStop(tx, item.id, `#${pull.number} was merged`)
  await advance(tx, item, 'done', {
    actor: merged.by,
    why: `Merged with #${pull.number}${word}.`,
    // What was answered on the way is of no use to anybody now.
    set: { doneAt: new Date(), reply: null },
  })
  // What waited for this must be built on it: the push that tells of the new base may come later than the start.
  await noteMove(tx, item.systemId)
  if (system) await noteBlocker(tx, system.fullName, item.issueNumber, 'closed')
  // `Closes #n` only works on the default branch.
  if (system && item.baseBranch !== system.defaultBranch) {
    const target = { systemId: item.systemId, workItemId: item.id, key: `close:${item.id}:${pull.number}` }
    await want(tx, target, { kind: 'close-issue', payload: { issueNumber: item.issueNumber, reason: 'completed' } })
  }
}
