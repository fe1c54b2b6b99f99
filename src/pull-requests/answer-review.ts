/** After a round of review: the answers go into the threads, and what is done is resolved. */

import type { Tx } from '../db/connect.ts'
import { effectsOf, enqueueEffect } from '../db/outbox.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { hasWaitingCall, lastRound, type ReviewCommentRow } from '../db/review-comments.ts'
import type { ItemRow } from '../db/work-items.ts'
import { askedMeanwhile } from '../messages/pull-requests.ts'
import { threadReply } from '../messages/reviews.ts'
import { sendBack } from './send-back.ts'

/**
 * Requests the answers to the last round, once: each thread of comments on a line gets one, and those whose every comment
 * is done are resolved. The other comments are answered in the status comment of the pull request. What people asked while
 * the agent worked sends the item back again.
 * @param item in review, with its row locked.
 */
export async function answerReview(tx: Tx, item: ItemRow, pull: PullRow): Promise<void> {
  const threads = threadsOf(await lastRound(tx.db, pull.id))
  const target = { repositoryId: item.repositoryId, workItemId: item.id }
  const keyOf = (comments: readonly ReviewCommentRow[]) =>
    `review-reply:${pull.id}:${comments[0]?.threadId}:${comments[0]?.runId}`
  // Pushes of people follow the same way: a round is answered with the commit that came of it, and never again.
  const answered = new Set((await effectsOf(tx.db, threads.map(keyOf))).map(({ key }) => key))
  const settled: number[] = []
  for (const comments of threads.filter((one) => !answered.has(keyOf(one)))) {
    const [first] = comments
    if (!first?.threadId || !comments.some(({ calls, answer }) => calls || answer !== null)) continue
    const head = comments.every(({ sha }) => sha === pull.headSha) ? null : pull.headSha
    const payload = { pullNumber: pull.number, commentId: first.threadId, body: threadReply(comments, head) }
    await enqueueEffect(tx, { ...target, key: keyOf(comments) }, { kind: 'review-reply', payload })
    if (comments.every((comment) => comment.settled)) settled.push(first.threadId)
  }
  const runId = threads[0]?.[0]?.runId
  if (settled.length > 0)
    await enqueueEffect(
      tx,
      { ...target, key: `resolve-threads:${pull.id}:${runId}` },
      { kind: 'resolve-threads', payload: { pullNumber: pull.number, comments: settled } },
    )
  if (await hasWaitingCall(tx.db, pull.id))
    await sendBack(tx, pull, item, { actor: 'tutti', why: askedMeanwhile(pull.number) })
}

/** The comments on lines of a round, by their threads. */
function threadsOf(round: readonly ReviewCommentRow[]): ReviewCommentRow[][] {
  const threads = new Map<number, ReviewCommentRow[]>()
  for (const comment of round) {
    if (comment.threadId === null) continue
    threads.set(comment.threadId, [...(threads.get(comment.threadId) ?? []), comment])
  }
  return [...threads.values()]
}
