/** Reading one repository: GitHub's answers turned into the words of types.ts. */

import type { Actor, Issue, IssueEvent, Permission, PullRequest, Review } from '../domain/github.ts'
import { sha } from '../lib/ids.ts'
import type { Octokit } from './client.ts'
import { httpStatusOf } from './http-status.ts'
import { checkReader } from './read/checks.ts'
import type { ReadContext } from './read/context.ts'
import type { RepositoryReader } from './types.ts'
import { NotFound } from './types.ts'

/** @see RepositoryReader */
export function createRepositoryReader(context: ReadContext): RepositoryReader {
  const [owner = '', repo = ''] = context.fullName.split('/')
  const at = { owner, repo }
  const ask = <T>(work: (octokit: Octokit) => Promise<T>) => context.octokit().then(work).catch(translate)
  /** An endpoint that not every server has. */
  const optional = async <T>(feature: string, work: (octokit: Octokit) => Promise<T>): Promise<T | undefined> => {
    try {
      return await work(await context.octokit())
    } catch (error) {
      if (![404, 410, 501].includes(httpStatusOf(error))) throw error
      context.missing(feature)
      return undefined
    }
  }

  return {
    permission: (actor) =>
      ask(async (octokit) => {
        const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...at, username: actor.login })
        // A login can be renamed and registered again by somebody else; the id cannot.
        if (data.user?.id !== actor.id) return 'none'
        return (data.role_name || data.permission) as Permission
      }).catch((error) => {
        if (error instanceof NotFound) return 'none' as const
        throw error
      }),

    file: (path) =>
      ask(async (octokit) => {
        const { data } = await octokit.rest.repos.getContent({ ...at, path })
        if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) return undefined
        return Buffer.from(data.content, 'base64').toString('utf8')
      }).catch((error) => {
        if (error instanceof NotFound) return undefined
        throw error
      }),

    issue: (number) =>
      ask(async (octokit) => issueOf((await octokit.rest.issues.get({ ...at, issue_number: number })).data)),

    issuesLabelled: (label) =>
      ask(async (octokit) => {
        const rows = await octokit.paginate(octokit.rest.issues.listForRepo, {
          ...at,
          labels: label,
          state: 'open',
          per_page: 100,
        })
        return rows.map(issueOf).filter((issue) => !issue.isPullRequest)
      }),

    openIssues: () =>
      ask(async (octokit) => {
        const rows = await octokit.paginate(octokit.rest.issues.listForRepo, { ...at, state: 'open', per_page: 100 })
        return rows.map(issueOf).filter((issue) => !issue.isPullRequest)
      }),

    subIssues: (number) =>
      optional('sub-issues', async (octokit) => {
        const parameters = { ...at, issue_number: number, per_page: 100 }
        const rows: ApiIssue[] = await octokit.paginate(octokit.rest.issues.listSubIssues, parameters)
        return rows.map((row) => ({ ...issueOf(row), repository: repositoryOf(row, context.fullName) }))
      }),

    issueEvents: (number) =>
      optional('issue events', async (octokit) => {
        const rows = await octokit.paginate(octokit.rest.issues.listEvents, {
          ...at,
          issue_number: number,
          per_page: 100,
        })
        return rows.flatMap((row) => {
          const event = issueEventKinds.find((kind) => kind === row.event)
          const label = 'label' in row ? (row.label.name ?? null) : null
          const part = partOf(row)
          const common = { label, actor: actorOf(row.actor), at: new Date(row.created_at) }
          return event ? [{ event, ...common, ...(part ? { part } : {}) }] : []
        })
      }),

    blockedBy: (number) =>
      optional('issue dependencies', async (octokit) => {
        const { data } = await octokit.request(
          'GET /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by',
          {
            ...at,
            issue_number: number,
            per_page: 100,
          },
        )
        return (data as ApiIssue[]).map((issue) => ({
          repository: repositoryOf(issue, context.fullName),
          number: issue.number,
          state: issue.state === 'open' ? ('open' as const) : ('closed' as const),
        }))
      }),

    pull: (number) =>
      ask(async (octokit) => pullOf((await octokit.rest.pulls.get({ ...at, pull_number: number })).data)),

    openPulls: () =>
      ask(async (octokit) => {
        const rows = await octokit.paginate(octokit.rest.pulls.list, { ...at, state: 'open', per_page: 100 })
        return rows.map(pullOf)
      }),

    reviews: (number) =>
      ask(async (octokit) => {
        const rows = await octokit.paginate(octokit.rest.pulls.listReviews, {
          ...at,
          pull_number: number,
          per_page: 100,
        })
        return rows.map(reviewOf)
      }),

    reviewComments: (number, reviewId) =>
      ask(async (octokit) => {
        const parameters = { ...at, pull_number: number, review_id: reviewId, per_page: 100 }
        const rows = await octokit.paginate(octokit.rest.pulls.listCommentsForReview, parameters)
        return rows.map((row) => ({
          path: row.path,
          line: row.line ?? row.original_line ?? null,
          body: row.body,
          author: actorOf(row.user),
        }))
      }),

    ...checkReader(context, at),
  }
}

const issueEventKinds = ['labeled', 'unlabeled', 'closed', 'reopened', 'sub_issue_added', 'sub_issue_removed'] as const

/** The sub-issue that a line of history is about. */
function partOf(row: object): IssueEvent['part'] {
  const { sub_issue: part } = row as { sub_issue?: { number?: number; repository?: { full_name?: string } } }
  const name = part?.repository?.full_name
  return part?.number !== undefined && name ? { repository: name.toLowerCase(), number: part.number } : undefined
}

interface ApiUser {
  id: number
  login: string
  type?: string
}

interface ApiIssue {
  number: number
  title: string
  body?: string | null
  html_url: string
  state: string
  labels: (string | { name?: string })[]
  user: ApiUser | null
  pull_request?: unknown
  repository_url?: string
  sub_issues_summary?: { total: number; completed: number } | null
  issue_dependencies_summary?: { total_blocked_by?: number } | null
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

/** A user whose account is gone has id 0: nobody. */
export function actorOf(user: ApiUser | null | undefined): Actor {
  return { id: user?.id ?? 0, login: user?.login ?? 'ghost', type: (user?.type as Actor['type']) ?? 'User' }
}

function issueOf(issue: ApiIssue): Issue {
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body ?? '',
    url: issue.html_url,
    state: issue.state === 'open' ? 'open' : 'closed',
    labels: issue.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
    author: actorOf(issue.user),
    isPullRequest: issue.pull_request !== undefined,
    nativeBlockers: issue.issue_dependencies_summary?.total_blocked_by ?? null,
    openParts: openSubIssuesOf(issue.sub_issues_summary),
  }
}

/** How many sub-issues are open, where the server says it. */
export function openSubIssuesOf(summary: { total: number; completed: number } | null | undefined): number | null {
  return summary ? Math.max(0, summary.total - summary.completed) : null
}

function repositoryOf(issue: ApiIssue, otherwise: string): string {
  return (issue.repository_url ?? `/${otherwise}`).split('/').slice(-2).join('/').toLowerCase()
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

function reviewOf(review: {
  id: number
  user: ApiUser | null
  state: string
  commit_id: string | null
  body: string
  submitted_at?: string | null
}): Review {
  return {
    id: review.id,
    author: actorOf(review.user),
    state: review.state.toLowerCase() as Review['state'],
    sha: review.commit_id,
    body: review.body,
    at: review.submitted_at ? new Date(review.submitted_at) : null,
  }
}

function translate(error: unknown): never {
  if (httpStatusOf(error) === 404 || httpStatusOf(error) === 410)
    throw new NotFound(error instanceof Error ? error.message : 'not found')
  throw error
}
