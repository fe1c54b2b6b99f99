/** Reading pull requests: their state, reviews and checks. */

import type { Check, PullRequest, Review } from '../../domain/github.ts'
import { sha } from '../../lib/ids.ts'
import type { RepositoryReader } from '../github.ts'
import type { RepositoryPath } from '../repository-path.ts'
import { type ApiUser, actorOf } from './actor.ts'
import { ask, askOptional, notFoundOr, type ReadContext } from './context.ts'

type PullRequestReader = Pick<RepositoryReader, 'pull' | 'openPulls' | 'reviews' | 'reviewComments' | 'checks'>

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
          path: row.path,
          line: row.line ?? row.original_line ?? null,
          body: row.body,
          author: actorOf(row.user),
        }))
      }),

    checks: async (head) => {
      const both = Promise.all([checkRuns(context, at, head), statuses(context, at, head)])
      const [runs, states] = await both.catch((error) => {
        throw notFoundOr(error)
      })
      return [...(runs ?? []), ...(states ?? [])]
    },
  }
}

/** A commit of a large repository has more than the 100 check runs of one page. */
function checkRuns(context: ReadContext, at: RepositoryPath, ref: string): Promise<Check[] | undefined> {
  return askOptional(context, 'check runs', async (octokit) => {
    const rows = await octokit.paginate(octokit.rest.checks.listForRef, { ...at, ref, per_page: 100 })
    return rows.map((run) => ({
      name: run.name,
      verdict: runVerdict(run.status, run.conclusion),
      url: run.html_url,
      own: run.app?.id === context.appId,
    }))
  })
}

function statuses(context: ReadContext, at: RepositoryPath, ref: string): Promise<Check[] | undefined> {
  return askOptional(context, 'commit statuses', async (octokit) => {
    const found: Check[] = []
    const pages = octokit.paginate.iterator(octokit.rest.repos.getCombinedStatusForRef, { ...at, ref, per_page: 100 })
    // Octokit takes the list out of its envelope only where there is no `url` beside it, and here there is one.
    for await (const { data } of pages as AsyncIterable<{ data: { statuses: ApiStatus[] } }>) {
      for (const { context: name, state, target_url: url } of data.statuses)
        found.push({ name, verdict: statusVerdict(state), url, own: false })
    }
    return found
  })
}

function runVerdict(status: string, conclusion: string | null): Check['verdict'] {
  if (status !== 'completed') return 'pending'
  if (conclusion === 'success') return 'success'
  return conclusion === 'neutral' || conclusion === 'skipped' ? 'neutral' : 'failure'
}

function statusVerdict(state: string): Check['verdict'] {
  return state === 'success' || state === 'pending' ? state : 'failure'
}

/** The fields that are read. */
interface ApiStatus {
  context: string
  state: string
  target_url: string | null
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
