/** Hands what people wrote about a pull request to the agent of an attempt. */

import { pullOfItem } from '../db/pull-requests.ts'
import { handComments, noteMayWrite, type ReviewCommentRow, waitingComments } from '../db/review-comments.ts'
import { permits } from '../domain/permissions.ts'
import { PermissionUnavailable, permissionOf } from '../github/permissions.ts'
import { RetryAfter } from '../lib/errors.ts'
import type { HandedComment } from '../messages/reviews.ts'
import type { Attempt } from './context.ts'

/** An agent gets so many comments at once. The others wait for the next round. */
const most = 50

/**
 * Takes every comment by people with write access that no finished attempt has read, with its text as it was written. The
 * row of each says from now on that this run has it, and under which number.
 */
export async function takeReviewComments({ context, item, repo, run }: Attempt): Promise<HandedComment[]> {
  const { store } = context
  const pull = await pullOfItem(store.db, item.id)
  const waiting = pull ? await waitingComments(store.db, pull.id) : []
  if (!pull || waiting.length === 0) return []
  const known = new Map<number, boolean>()
  for (const { authorId, author, mayWrite } of waiting) {
    if (mayWrite !== null || known.has(authorId)) continue
    const may = await mayWriteNow({ context, repo }, { id: authorId, login: author })
    if (may !== undefined) known.set(authorId, may)
  }
  const counts = ({ mayWrite, authorId }: ReviewCommentRow) => mayWrite ?? known.get(authorId) ?? false
  const taken = inOrder(waiting.filter(counts)).slice(0, most)
  await store.transaction(async (tx) => {
    for (const [authorId, may] of known) await noteMayWrite(tx, pull.id, authorId, may)
    await handComments(
      tx,
      run.id,
      taken.map(({ id }) => id),
    )
  })
  return taken
}

/** @returns undefined when GitHub cannot be asked: the comment waits for the next round. */
async function mayWriteNow(
  { context, repo }: Pick<Attempt, 'context' | 'repo'>,
  who: { id: number; login: string },
): Promise<boolean | undefined> {
  try {
    return permits(await permissionOf(context, repo, { ...who, type: 'User' }), 'write')
  } catch (error) {
    if (error instanceof PermissionUnavailable || error instanceof RetryAfter) return undefined
    throw error
  }
}

/** Each review before its comments, whichever event came first; otherwise the oldest first. */
function inOrder(rows: readonly ReviewCommentRow[]): ReviewCommentRow[] {
  const first = (row: ReviewCommentRow) =>
    row.reviewId === null
      ? row.id
      : Math.min(...rows.filter((one) => one.reviewId === row.reviewId).map(({ id }) => id))
  const rank = ({ kind }: ReviewCommentRow) => (kind === 'review' ? 0 : 1)
  return rows.toSorted(
    (one, other) => first(one) - first(other) || rank(one) - rank(other) || one.githubId - other.githubId,
  )
}
