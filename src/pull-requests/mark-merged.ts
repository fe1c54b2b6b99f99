/** The end of the journey: a pull request was merged. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { setBlockerState } from '../db/dependencies.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { getRepository, markBaseMoved } from '../db/repositories.ts'
import { requestStop } from '../db/runs.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { lockItem, transition } from '../db/work-items.ts'

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
  const repo = await getRepository(tx.db, item.repositoryId)
  const by = pull.mergeRequestedBy ?? merged.by
  const word = by === 'github' || by.endsWith('[bot]') ? '' : ` on the word of ${by}`
  // A person may merge while an agent is at work on the next attempt.
  await requestStop(tx, item.id, `#${pull.number} was merged`)
  await transition(tx, item, 'done', {
    actor: merged.by,
    why: `Merged with #${pull.number}${word}.`,
    // What was answered on the way is of no use to anybody now.
    set: { doneAt: new Date(), reply: null },
  })
  // What waited for this must be built on it: the push that tells of the new base may come later than the start.
  await markBaseMoved(tx, item.repositoryId)
  if (repo) await setBlockerState(tx, repo.fullName, item.issueNumber, 'closed')
  // `Closes #n` only works on the default branch.
  if (repo && item.baseBranch !== repo.defaultBranch) {
    const target = { repositoryId: item.repositoryId, workItemId: item.id, key: `close:${item.id}:${pull.number}` }
    await enqueueEffect(tx, target, {
      kind: 'close-issue',
      payload: { issueNumber: item.issueNumber, reason: 'completed' },
    })
  }
}
