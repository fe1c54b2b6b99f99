/** A pull request of ours was reviewed, or a review was dismissed. */

import type { Tx } from '../db/connect.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { addReviewComment, silenceReview } from '../db/review-comments.ts'
import { addReview, dismissReview, hasLaterVerdict } from '../db/reviews.ts'
import { type ItemRow, lockItem } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PullRequestSnapshot, ReviewSubmitted } from '../domain/events.ts'
import type { Review, ReviewComment } from '../domain/github.ts'
import { isPerson } from '../domain/permissions.ts'
import { addressesApp } from '../domain/review-answers.ts'
import { mayWrite } from '../github/permissions.ts'
import { currentMs } from '../lib/clock.ts'
import { reviewRequestsChanges } from '../messages/pull-requests.ts'
import { addressedIn } from '../messages/reviews.ts'
import type { Services } from '../work-items/services.ts'
import { ourPullRequest } from './on-pull-request-changed.ts'
import { sendBack } from './send-back.ts'
import { withdrawMerge } from './withdraw-merge.ts'

/** Acts on `pull_request_review` submitted and dismissed. */
export async function onReview(services: Services, event: ReviewSubmitted): Promise<EventOutcome> {
  const repo = await repositoryByGithubId(services.store.db, event.repository.githubId)
  if (!repo || repo.state === 'gone') return ignored('the repository is not worked on')
  return syncReview(services, repo, event.pull, event.review)
}

/** Stores a review with the commit that it is about, and acts on its verdict. */
export async function syncReview(
  services: Services,
  repo: RepositoryRow,
  pull: PullRequestSnapshot,
  review: Review,
): Promise<EventOutcome> {
  const { author } = review
  if (!isPerson(author) || services.github.isSelf(author)) return ignored('only people review')
  const ours = await services.store.transaction((tx) => ourPullRequest(tx, services, repo, pull))
  if (!ours) return ignored('not a pull request of ours')
  // Checked before the text is stored, since agents read it: a text without write access is not stored. The permission of
  // an approver is checked at the merge.
  const requestsChanges = review.state === 'changes_requested'
  // An approval that thanks the agent is no request.
  const addressed = review.state === 'commented' && addressesApp(review.body, services.github.app.slug)
  const calls = requestsChanges || addressed
  const may = calls ? await mayWrite(services, repo, author) : null
  const counts = requestsChanges ? may === true : review.state === 'approved'
  const lines = calls && may ? await linesOf(services, repo, pull, review) : []
  return services.store.transaction(async (tx) => {
    const item = await lockItem(tx, ours.workItemId)
    if (!item) return ignored('its item is gone')
    const row = rowOf(ours, review, counts)
    if (review.state === 'dismissed') {
      await dismissReview(tx, row)
      await silenceReview(tx, ours.id, review.id)
      await withdrawMerge(tx, ours, author.login)
      return done('a review was dismissed')
    }
    if (!(await addReview(tx, row))) return ignored('the review is known')
    if (may === false) return ignored(`${author.login} may not write here: it does not count`)
    // Delivered late: the reviewer has submitted a later review.
    const late = counts && (await hasLaterVerdict(tx, row))
    await keepText(tx, ours, review, { lines, may, calls: calls && !late })
    if (late) return done('stored; a later review of the same person counts')
    if (calls) return called(tx, ours, item, review)
    return counts ? approved(tx, repo, ours, item) : ignored('no verdict; kept for the next round')
  })
}

/** The comments on lines that came with a review: only the reviewer's own, since others can answer in the same threads. */
async function linesOf(
  services: Services,
  repo: RepositoryRow,
  pull: PullRequestSnapshot,
  { id, author }: Review,
): Promise<ReviewComment[]> {
  const comments = await services.github.repository(repo).reviewComments(pull.number, id)
  return comments.filter((comment) => comment.author.id === author.id)
}

/** Keeps what a review says, as it says it now, for the agent of the next round. */
async function keepText(
  tx: Tx,
  { id: pullRequestId }: PullRow,
  review: Review,
  { lines, may, calls }: { lines: ReviewComment[]; may: boolean | null; calls: boolean },
): Promise<void> {
  const { login: author, id: authorId } = review.author
  const common = { pullRequestId, author, authorId, mayWrite: may, calls, reviewId: review.id }
  if (review.body.trim() !== '') {
    const text = { kind: 'review' as const, githubId: review.id, sha: review.sha, body: review.body }
    await addReviewComment(tx, { ...common, ...text })
  }
  for (const { id: githubId, author: _, ...line } of lines)
    await addReviewComment(tx, { ...line, ...common, kind: 'line', githubId })
}

function rowOf(pull: PullRow, review: Review, counts: boolean) {
  return {
    pullRequestId: pull.id,
    reviewId: review.id,
    reviewer: review.author.login,
    reviewerId: review.author.id,
    sha: review.sha ?? '',
    state: counts ? (review.state as 'approved' | 'changes_requested') : ('commented' as const),
    body: counts && review.state === 'changes_requested' ? review.body : '',
  }
}

/** A review can come before the item is in review. The merge is decided so much later. */
const soonMs = 5_000

async function approved(tx: Tx, repo: RepositoryRow, pull: PullRow, item: ItemRow): Promise<EventOutcome> {
  if (settingsOf(repo).merge.when !== 'approved' && pull.mergeSha === null) return done('approved')
  const after = item.state === 'checking' ? { after: new Date(currentMs() + soonMs) } : undefined
  await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id }, after)
  return done('approved; the merge is looked at')
}

async function called(tx: Tx, pull: PullRow, item: ItemRow, { author, state }: Review): Promise<EventOutcome> {
  const what = state === 'changes_requested' ? 'changes requested' : 'the agent is addressed'
  const why = (state === 'changes_requested' ? reviewRequestsChanges : addressedIn)(pull.number, author.login)
  if (await sendBack(tx, pull, item, { actor: author.login, why }))
    return done(`${what}; the item goes to an agent again`)
  return done(`${what}; the next attempt reads it (the item is ${item.state})`)
}
