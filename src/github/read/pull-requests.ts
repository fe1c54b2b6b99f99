/** Reading pull requests: their state and their reviews. */

import type { PullRequest, Review } from '../../domain/github.ts'
import { sha } from '../../lib/ids.ts'
import type { RepositoryReader } from '../github.ts'
import type { RepositoryPath } from '../repository-path.ts'
import { type ApiUser, actorOf } from './actor.ts'
import { ask, type ReadContext } from './context.ts'

type PullRequestReader = Pick<RepositoryReader, 'pull' | 'openPulls' | 'reviews' | 'reviewComments'>

/** The part of a `RepositoryReader` that is about pull requests. */
export function pullRequestReader(context: ReadContext, at: RepositoryPath): PullRequestReader {
  return {
    pull: (number) =>
      ask(context, async (octokit) => pullOf((await octokit.rest.pulls.get({ ...at, pull_number: number })).data)),

    openPulls: () =>
      ask(context, async (octokit) => {
        const parameters = { ...at, state: 'open' as const, per_page: 100 }
        return (await octokit.paginate(octokit.rest.pulls.list, parameters)).map(pullOf)
      }),

    reviews: (number) =>
      ask(context, async (octokit) => {
        const parameters = { ...at, pull_number: number, per_page: 100 }
        return (await octokit.paginate(octokit.rest.pulls.listReviews, parameters)).map(reviewOf)
      }),

    reviewComments: (number, reviewId) =>
      ask(context, async (octokit) => {
        const parameters = { ...at, pull_number: number, review_id: reviewId, per_page: 100 }
        const rows = await octokit.paginate(octokit.rest.pulls.listCommentsForReview, parameters)
        return rows.map((row) => ({
          id: row.id,
          threadId: row.in_reply_to_id ?? row.id,
          reviewId,
          path: row.path,
          line: row.line ?? row.original_line ?? null,
          hunk: row.diff_hunk ?? '',
          sha: row.commit_id ?? null,
          body: row.body,
          author: actorOf(row.user),
        }))
      }),
  }
}

interface ApiPull {
  number: number
  html_url: string
  title: string
  body: string | null
  state: string
  merged?: boolean
  merged_at: string | null
  merge_commit_sha: string | null
  mergeable?: boolean | null
  mergeable_state?: string
  head: { sha: string; ref: string; repo: { full_name: string } | null }
  base: { ref: string }
  user: ApiUser | null
}

interface ApiReview {
  id: number
  user: ApiUser | null
  state: string
  commit_id: string | null
  body: string
  submitted_at?: string | null
}

function pullOf(pull: ApiPull): PullRequest {
  return {
    number: pull.number,
    url: pull.html_url,
    title: pull.title,
    body: pull.body ?? '',
    state: pull.state === 'open' ? 'open' : 'closed',
    merged: pull.merged ?? pull.merged_at !== null,
    mergeCommitSha: pull.merge_commit_sha,
    headSha: sha(pull.head.sha),
    headBranch: pull.head.ref,
    headRepository: pull.head.repo?.full_name ?? null,
    baseBranch: pull.base.ref,
    mergeable: pull.mergeable ?? null,
    mergeState: pull.mergeable_state ?? null,
    author: actorOf(pull.user),
  }
}

function reviewOf(review: ApiReview): Review {
  return {
    id: review.id,
    author: actorOf(review.user),
    state: review.state.toLowerCase() as Review['state'],
    sha: review.commit_id,
    body: review.body,
    at: review.submitted_at ? new Date(review.submitted_at) : null,
  }
}
