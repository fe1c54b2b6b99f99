/** The facts of this moment that a merge is decided on. */

import { defaultSettings } from '../config/settings.ts'
import { gateRows, type PullRow } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { approvalsVoidUntil } from '../db/reviews.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { Actor, PullRequest, Review } from '../domain/github.ts'
import { isHoldLabel } from '../domain/labels.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import { sha } from '../lib/ids.ts'
import type { PullRequestContext } from './context.ts'
import type { MergeFacts } from './mergeability.ts'
import { requiredChecksOf } from './required-checks.ts'

/** The facts, with all that GitHub says of the pull request. */
export type Facts = MergeFacts & { pull: PullRequest }

/**
 * Asks GitHub for the pull request, its reviews with their authors' permissions, and its checks. The checks are asked for after
 * the reviews: one that had begun when somebody approved is then always known to who counts that approval.
 */
export async function factsOf(
  context: PullRequestContext,
  repo: RepositoryRow,
  item: ItemRow,
  pull: PullRow,
): Promise<Facts> {
  const repository = context.github.repository(repo)
  const head = sha(pull.headSha)
  const reviews = await repository.reviews(pull.number)
  const [now, checks] = await Promise.all([repository.pull(pull.number), repository.checks(head)])
  // Where GitHub says that no rule stands in the way, it need not be asked which rules there are.
  const required = permitted.includes(now.mergeState ?? '')
    ? []
    : await requiredChecksOf(context, repo, item.baseBranch)
  const settings = repo.settings ?? defaultSettings()
  const gates = await gateRows(context.store.db, item.id, head)
  return {
    sha: head,
    pull: now,
    baseBranch: item.baseBranch,
    reviews: await withPermissions(context, repo, await stillCounting(context, pull, reviews)),
    checks,
    required,
    gates,
    approvalsNeeded: settings.merge.approvals,
    hold: holdOn(pull, now),
    protectedAllowed: item.protectedAllowedSha === head,
  }
}

function holdOn(pull: PullRow, now: PullRequest): MergeFacts['hold'] {
  if (pull.heldBy !== null) return { by: pull.heldBy, why: pull.heldWhy }
  const labelled = now.labels.some((label) => isHoldLabel(label))
  return labelled ? { by: undefined, why: '' } : undefined
}

/** The states of a pull request in which every required check has passed (docs.github.com, GraphQL `MergeStateStatus`). */
const permitted = ['clean', 'unstable', 'has_hooks']

/** Without approvals from before the pull request was reopened or got another base branch. */
async function stillCounting({ store }: PullRequestContext, pull: PullRow, reviews: Review[]): Promise<Review[]> {
  const until = await approvalsVoidUntil(store.db, pull.id)
  return until ? reviews.filter(({ state, at }) => state !== 'approved' || (at !== null && at > until)) : reviews
}

/** GitHub is asked for the permissions at this moment, once for each person. */
async function withPermissions(
  context: PullRequestContext,
  repo: RepositoryRow,
  reviews: Review[],
): Promise<MergeFacts['reviews']> {
  const repository = context.github.repository(repo)
  const people = new Map<number, Actor>(reviews.map(({ author }) => [author.id, author]))
  const mayWrite = new Map<number, boolean>()
  for (const [id, actor] of people) {
    const counts = isPerson(actor) && !context.github.isSelf(actor)
    mayWrite.set(id, counts && permits(await repository.permission(actor), 'write'))
  }
  return reviews.map((review) => ({ review, mayWrite: mayWrite.get(review.author.id) ?? false }))
}
