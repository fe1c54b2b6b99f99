/** Reading pull requests: their state and their reviews. */

import type { PullRequest, Review } from '../../domain/github.ts'
import type { MergeMethod } from '../../domain/merge-refusal.ts'
import { sha } from '../../lib/ids.ts'
import type { Octokit } from '../client.ts'
import type { RepositoryReader } from '../github.ts'
import type { RepositoryPath } from '../repository-path.ts'
import { type ApiUser, actorOf } from './actor.ts'
import { ask, askOptional, type ReadContext } from './context.ts'

type PullRequestReader = Pick<RepositoryReader, 'pull' | 'openPulls' | 'reviews' | 'reviewComments' | 'mergeMethods'>

/** The part of a `RepositoryReader` that is about pull requests. */
export function pullRequestReader(context: ReadContext, at: RepositoryPath): PullRequestReader {
  return {
    pull: (number) =>
      ask(context, async (octokit) => pullOf((await octokit.rest.pulls.get({ ...at, pull_number: number })).data)),

    mergeMethods: async (branch) => {
      const [repository, rules] = await Promise.all([
        ask(context, async (octokit) => (await octokit.rest.repos.get({ ...at })).data),
        askOptional(context, 'rules of branches', (octokit) => methodsOfRules(octokit, { ...at, branch })),
      ])
      const allowed = methodsOf(repository)
      return allowed && rules ? allowed.filter((method) => rules.every((rule) => rule.includes(method))) : allowed
    },

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

/** What each ruleset of a branch allows, for those that say so. */
async function methodsOfRules(octokit: Octokit, at: RepositoryPath & { branch: string }): Promise<MergeMethod[][]> {
  const rules = await octokit.paginate(octokit.rest.repos.getBranchRules, { ...at, per_page: 100 })
  return rules.flatMap((rule) => {
    const parameters = 'parameters' in rule ? rule.parameters : undefined
    const named = parameters && 'allowed_merge_methods' in parameters ? parameters.allowed_merge_methods : undefined
    return Array.isArray(named) ? [named as MergeMethod[]] : []
  })
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
  draft?: boolean
  labels?: { name?: string }[]
  base: { ref: string; repo?: ApiMergeMethods | null }
  user: ApiUser | null
}

/** Absent where the reader may not know. */
interface ApiMergeMethods {
  allow_squash_merge?: boolean
  allow_merge_commit?: boolean
  allow_rebase_merge?: boolean
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
    draft: pull.draft ?? false,
    labels: (pull.labels ?? []).flatMap(({ name }) => (name ? [name] : [])),
    mergeMethods: methodsOf(pull.base.repo),
    author: actorOf(pull.user),
  }
}

/** The ways of merging that a repository allows; null when it says of none whether it is. */
function methodsOf(repository: ApiMergeMethods | null | undefined): MergeMethod[] | null {
  const said = [
    ['squash', repository?.allow_squash_merge],
    ['merge', repository?.allow_merge_commit],
    ['rebase', repository?.allow_rebase_merge],
  ] as const
  if (said.every(([, allowed]) => allowed === undefined)) return null
  return said.filter(([, allowed]) => allowed === true).map(([method]) => method)
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
