/** Somebody reviewed a pull request of ours, or a review was dismissed. */

import type { Tx } from '../db/connect.ts'
import type { PullRow } from '../db/pull-requests.ts'
import { settingsOf } from '../db/repositories.ts'
import { addReview, dismissReview, hasLaterVerdict, takeBackMerge } from '../db/reviews.ts'
import { advance, announce, type ItemRow, lockItem, type SystemRow, systemOfRepository } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PullFacts, Reviewed } from '../domain/events.ts'
import type { Actor, Review } from '../domain/github.ts'
import { isPerson } from '../domain/permissions.ts'
import { mayWrite } from '../github/permissions.ts'
import * as say from '../messages/webhooks.ts'
import type { Services } from '../work-items/services.ts'
import { ourPull } from './on-pull-request-changed.ts'

/** Acts on `pull_request_review` submitted and dismissed. */
export async function reviewed(parts: Services, fact: Reviewed): Promise<EventOutcome> {
  const system = await systemOfRepository(parts.store.db, fact.repository.repositoryId)
  if (!system || system.state === 'gone') return ignored('the repository is not worked on')
  return settleReview(parts, system, fact.pull, fact.review)
}

/** Stores a review, bound to the commit that was looked at, and acts on its verdict. */
export async function settleReview(
  parts: Services,
  system: SystemRow,
  pull: PullFacts,
  review: Review,
): Promise<EventOutcome> {
  const { author } = review
  if (!isPerson(author) || parts.github.isSelf(author)) return ignored('only people review')
  const mine = await parts.store.transaction((tx) => ourPull(tx, parts, system, pull))
  if (!mine) return ignored('not a pull request of ours')
  // Asked before a stranger's words are stored where agents find them. Whether an approver may write is asked when it
  // matters, at the merge.
  const wanted = review.state === 'changes_requested'
  const counts = wanted ? await mayWrite(parts, system, author) : review.state === 'approved'
  return parts.store.transaction(async (tx) => {
    const item = await lockItem(tx, mine.workItemId)
    if (!item) return ignored('its item is gone')
    const row = rowOf(mine, review, counts)
    if (review.state === 'dismissed') {
      await dismissReview(tx, row)
      return done('a review was dismissed')
    }
    if (!(await addReview(tx, row))) return ignored('the review is known')
    if (!counts) return ignored(wanted ? `${author.login} may not write here: it does not count` : 'no verdict')
    // Delivered late: they have said something else since.
    if (await hasLaterVerdict(tx, row)) return done('stored; a later review of the same person counts')
    if (review.state === 'approved') return approved(tx, system, mine, item)
    return changesRequested(tx, mine, item, author)
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

/** A review can come before our own note that the pull request is open; the merge is looked at after that. */
const soonMs = 5_000

async function approved(tx: Tx, system: SystemRow, pull: PullRow, item: ItemRow): Promise<EventOutcome> {
  if (settingsOf(system).merge.when !== 'approved' && pull.mergeSha === null) return done('approved')
  const after = item.state === 'checking' ? { after: new Date(Date.now() + soonMs) } : undefined
  await tx.enqueue({ queue: 'merge', pullRequestId: pull.id }, after)
  return done('approved; the merge is looked at')
}

async function changesRequested(tx: Tx, pull: PullRow, item: ItemRow, author: Actor): Promise<EventOutcome> {
  await takeBackMerge(tx, pull.id)
  if (!['reviewing', 'approved', 'checking'].includes(item.state)) {
    return done(`changes requested; the next attempt is told (the item is ${item.state})`)
  }
  const ready = await advance(tx, item, 'ready', {
    actor: author.login,
    why: say.changesWanted(pull.number, author.login),
  })
  // The reviewer sees that somebody is at it.
  await announce(tx, ready, 'soon')
  return done('changes requested; the item goes to an agent again')
}
