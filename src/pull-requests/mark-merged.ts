/** Completes an item whose pull request was merged. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { setBlockerState } from '../db/dependencies.ts'
import { hasKey } from '../db/idempotency-keys.ts'
import { leaveQueue } from '../db/merge-queue.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { getRepository, markBaseMoved } from '../db/repositories.ts'
import { requestStop } from '../db/runs.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { lockItem, transition } from '../db/work-items.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import { mergedWith, wasMerged } from '../messages/pull-requests.ts'
import { closedSeenKey, closeIssueKey } from '../work-items/issue-snapshot.ts'

/** GitHub closes an issue within seconds of the merge. An issue that is open after this long is closed by us. */
const autoCloseMs = 30_000

/**
 * A pull request was merged, by us or by a person: the item is done, its branch is cleaned up, and items that waited for
 * the issue may start.
 */
export async function markMerged(
  tx: Tx,
  merged: { pullRequestId: number; mergedSha: string | null; by: string },
): Promise<void> {
  const [pull] = await tx.db
    .update(pullRequests)
    .set({ state: 'merged', mergedSha: merged.mergedSha ?? undefined, reply: null, oldReply: null })
    .where(eq(pullRequests.id, merged.pullRequestId))
    .returning()
  const item = pull && (await lockItem(tx, pull.workItemId))
  if (!pull || !item || item.state === 'done') return
  const repo = await getRepository(tx.db, item.repositoryId)
  const by = pull.mergeRequestedBy ?? merged.by
  const requestedBy = by === 'github' || by.endsWith('[bot]') ? undefined : by
  // A person may merge while an agent is at work on the next attempt.
  await requestStop(tx, item.id, wasMerged(pull.number))
  await transition(tx, item, 'done', {
    actor: merged.by,
    why: mergedWith(pull.number, requestedBy),
    // A reply to an earlier command is out of date now.
    set: { doneAt: currentTime(), reply: null, oldReply: null, memberId: null },
  })
  // Those behind it in the merge queue may be next.
  await leaveQueue(tx, pull.id)
  await tx.enqueue({ queue: 'advance-merge-queue', repositoryId: pull.repositoryId, baseBranch: pull.baseBranch })
  // Items that waited must be built on this merge. The event of its push may come after they start.
  await markBaseMoved(tx, item.repositoryId)
  if (repo) await setBlockerState(tx, repo.fullName, item.issueNumber, 'closed')
  // `Closes #n` works on the default branch alone, and a repository can switch it off. Where it works, the event comes first.
  if (repo && !(await hasKey(tx.db, closedSeenKey(repo.id, item.issueNumber)))) {
    const wait = item.baseBranch === repo.defaultBranch ? autoCloseMs : 0
    const target = { repositoryId: item.repositoryId, workItemId: item.id, key: closeIssueKey(pull) }
    const payload = { issueNumber: item.issueNumber, reason: 'completed' as const }
    const after = new Date(currentMs() + wait)
    await enqueueEffect(tx, target, { kind: 'close-issue', payload }, { after })
  }
}
