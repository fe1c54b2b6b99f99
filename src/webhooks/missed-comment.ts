/** A comment that no webhook has brought: it counts as if it had come. */

import { hasKey } from '../db/idempotency-keys.ts'
import { pullByNumber } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { hasReviewComment } from '../db/review-comments.ts'
import { type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PostedComment } from '../domain/github.ts'
import { isPerson } from '../domain/permissions.ts'
import { type CommentServices, onComment } from './comment-command.ts'

/**
 * Acts on a comment that was found by looking. What was acted on before is known from the database, and costs no call.
 * @throws {NotFound} when its issue is not there.
 */
export async function onMissedComment(
  services: CommentServices,
  repository: RepositoryRow,
  comment: PostedComment,
): Promise<EventOutcome> {
  const { db } = services.store
  const { id: commentId, issueNumber, body, author } = comment
  if (!isPerson(author) || services.github.isSelf(author)) return ignored('only people command')
  // Whoever may edit a comment of someone else must not command in their name; webhooks of edits count for nothing either.
  if (comment.updatedAt > comment.createdAt) return ignored('it was edited')
  if (await hasKey(db, `comment:${repository.githubId}:${commentId}`)) return ignored('the comment was handled before')
  const pull = await pullByNumber(db, repository.id, issueNumber)
  if (pull && (await hasReviewComment(db, pull.id, 'comment', commentId))) return ignored('the comment is known')
  const issue = await services.github.repository(repository).issue(issueNumber)
  return onComment(services, {
    kind: 'comment-created',
    repository,
    sender: author,
    at: comment.createdAt,
    issue: { ...issue, nativeBlockers: issue.nativeBlockers ?? null },
    commentId,
    place: 'comment',
    body,
  })
}
