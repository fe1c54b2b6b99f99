/** A pull request of ours was reviewed, or a review was dismissed. */

import type { Tx } from '../db/connect.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { addReview, cancelMergeRequest, dismissReview, hasLaterVerdict } from '../db/reviews.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PullRequestSnapshot, ReviewSubmitted } from '../domain/events.ts'
import type { Actor, Review } from '../domain/github.ts'
import { isPerson } from '../domain/permissions.ts'
import { mayWrite } from '../github/permissions.ts'
import { reviewRequestsChanges } from '../messages/pull-requests.ts'
import type { Services } from '../work-items/services.ts'
import { ourPullRequest } from './on-pull-request-changed.ts'
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
  const counts = requestsChanges ? await mayWrite(services, repo, author) : review.state === 'approved'
  return services.store.transaction(async (tx) => {
    const item = await lockItem(tx, ours.workItemId)
    if (!item) return ignored('its item is gone')
    const row = rowOf(ours, review, counts)
    if (review.state === 'dismissed') {
      await dismissReview(tx, row)
      await withdrawMerge(tx, ours, author.login)
      return done('a review was dismissed')
    }
    if (!(await addReview(tx, row))) return ignored('the review is known')
    if (!counts)
      return ignored(requestsChanges ? `${author.login} may not write here: it does not count` : 'no verdict')
    // Delivered late: the reviewer has submitted a later review.
    if (await hasLaterVerdict(tx, row)) return done('stored; a later review of the same person counts')
    if (review.state === 'approved') return approved(tx, repo, ours, item)
    return changesRequested(tx, ours, item, author)
  })
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
  const after = item.state === 'checking' ? { after: new Date(Date.now() + soonMs) } : undefined
  await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id }, after)
  return done('approved; the merge is looked at')
}

async function changesRequested(tx: Tx, pull: PullRow, before: ItemRow, author: Actor): Promise<EventOutcome> {
  await cancelMergeRequest(tx, pull.id)
  const withdrawn = await withdrawMerge(tx, pull, author.login)
  const item = (withdrawn && (await lockItem(tx, before.id))) || before
  if (!['reviewing', 'approved', 'checking'].includes(item.state)) {
    return done(`changes requested; the next attempt is told (the item is ${item.state})`)
  }
  const ready = await transition(tx, item, 'ready', {
    actor: author.login,
    why: reviewRequestsChanges(pull.number, author.login),
  })
  // The reviewer sees that the item goes to an agent again.
  await requestStatusComment(tx, ready, 'soon')
  return done('changes requested; the item goes to an agent again')
}
