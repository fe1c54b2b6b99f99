/** What is stored, and said, when a worktree of an item is gone. */

import { appendAudit } from '../db/audit-log.ts'
import type { Store } from '../db/connect.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem } from '../db/work-items.ts'
import { markWorktreeRemoved, type WorktreeRow } from '../db/worktrees.ts'

/**
 * Stores that a worktree was removed, and where its work was kept; then the status comment names the place.
 * @param rescueRef undefined when there was nothing to keep.
 */
export async function worktreeRemoved(store: Store, row: WorktreeRow, rescueRef: string | undefined): Promise<void> {
  await store.transaction(async (tx) => {
    const item = await getItem(tx.db, row.workItemId)
    await markWorktreeRemoved(tx, row.id, rescueRef)
    if (!item) return
    await appendAudit(tx, {
      repositoryId: item.repositoryId,
      workItemId: item.id,
      actor: 'tutti',
      what: 'worktree removed',
      detail: rescueRef ? { rescued: rescueRef } : {},
    })
    if (rescueRef) await requestStatusComment(tx, item, 'now')
  })
}
