/** Reading issues: their text, history and links. */

import type { Issue, IssueEvent } from '../../domain/github.ts'
import type { RepositoryReader } from '../github.ts'
import type { RepositoryPath } from '../repository-path.ts'
import { type ApiUser, actorOf } from './actor.ts'
import { ask, askOptional, type ReadContext } from './context.ts'

type IssueReader = Pick<
  RepositoryReader,
  'issue' | 'issuesLabelled' | 'openIssues' | 'subIssues' | 'issueEvents' | 'blockedBy' | 'commentsSince'
>

/** The part of a `RepositoryReader` that is about issues. */
export function issueReader(context: ReadContext, at: RepositoryPath): IssueReader {
  const open = (parameters: { labels?: string }) =>
    ask(context, async (octokit) => {
      const all = { ...at, ...parameters, state: 'open' as const, per_page: 100 }
      const rows = await octokit.paginate(octokit.rest.issues.listForRepo, all)
      // GitHub lists pull requests among the issues.
      return rows.map(issueOf).filter((issue) => !issue.isPullRequest)
    })

  return {
    issue: (number) =>
      ask(context, async (octokit) => issueOf((await octokit.rest.issues.get({ ...at, issue_number: number })).data)),

    issuesLabelled: (label) => open({ labels: label }),
    openIssues: () => open({}),

    subIssues: (number) =>
      askOptional(context, 'sub-issues', async (octokit) => {
        const parameters = { ...at, issue_number: number, per_page: 100 }
        const rows: ApiIssue[] = await octokit.paginate(octokit.rest.issues.listSubIssues, parameters)
        return rows.map((row) => ({ ...issueOf(row), repository: repositoryOf(row, context.fullName) }))
      }),

    issueEvents: (number) =>
      askOptional(context, 'issue events', async (octokit) => {
        const parameters = { ...at, issue_number: number, per_page: 100 }
        const rows = await octokit.paginate(octokit.rest.issues.listEvents, parameters)
        return rows.flatMap((row) => {
          const event = issueEventKinds.find((kind) => kind === row.event)
          const label = 'label' in row ? (row.label.name ?? null) : null
          const part = partOf(row)
          const common = { label, actor: actorOf(row.actor), at: new Date(row.created_at) }
          return event ? [{ event, ...common, ...(part ? { part } : {}) }] : []
        })
      }),

    commentsSince: (since) =>
      ask(context, async (octokit) => {
        const order = { sort: 'updated' as const, direction: 'asc' as const, per_page: 100 }
        const parameters = { ...at, ...order, since: since.toISOString() }
        const rows = await octokit.paginate(octokit.rest.issues.listCommentsForRepo, parameters)
        return rows.map((row) => ({
          id: row.id,
          issueNumber: Number(/\/(\d+)$/.exec(row.issue_url)?.[1] ?? 0),
          body: row.body ?? '',
          author: actorOf(row.user),
          createdAt: new Date(row.created_at),
          updatedAt: new Date(row.updated_at),
        }))
      }),

    blockedBy: (number) =>
      askOptional(context, 'issue dependencies', async (octokit) => {
        const route = 'GET /repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by'
        // GitHub allows 50 of them: one page has them all.
        const { data } = await octokit.request(route, { ...at, issue_number: number, per_page: 100 })
        return (data as ApiIssue[]).map((issue) => ({
          repository: repositoryOf(issue, context.fullName),
          number: issue.number,
          state: issue.state === 'open' ? ('open' as const) : ('closed' as const),
        }))
      }),
  }
}

const issueEventKinds = ['labeled', 'unlabeled', 'closed', 'reopened', 'sub_issue_added', 'sub_issue_removed'] as const

/** The sub-issue that a line of history is about. */
function partOf(row: object): IssueEvent['part'] {
  const { sub_issue: part } = row as { sub_issue?: { number?: number; repository?: { full_name?: string } } }
  const name = part?.repository?.full_name
  return part?.number !== undefined && name ? { repository: name.toLowerCase(), number: part.number } : undefined
}

/** The fields that are read. */
interface ApiIssue {
  number: number
  title: string
  body?: string | null
  html_url: string
  state: string
  labels: (string | { id?: number; name?: string })[]
  user: ApiUser | null
  pull_request?: unknown
  repository_url?: string
  sub_issues_summary?: { total: number; completed: number } | null
  issue_dependencies_summary?: { total_blocked_by?: number } | null
}

function issueOf(issue: ApiIssue): Issue {
  return {
    number: issue.number,
    title: issue.title,
    body: issue.body ?? '',
    url: issue.html_url,
    state: issue.state === 'open' ? 'open' : 'closed',
    labels: issue.labels.map((label) => (typeof label === 'string' ? label : (label.name ?? ''))),
    labelIds: labelIdsOf(issue.labels),
    author: actorOf(issue.user),
    isPullRequest: issue.pull_request !== undefined,
    nativeBlockers: issue.issue_dependencies_summary?.total_blocked_by ?? null,
    openParts: openSubIssuesOf(issue.sub_issues_summary),
  }
}

/** The ids of labels by their names, of those that name both. */
export function labelIdsOf(
  labels: readonly (string | { id?: number; name?: string } | null)[],
): Record<string, number> {
  return Object.fromEntries(
    labels.flatMap((label) =>
      typeof label === 'object' && label?.name && label.id !== undefined ? [[label.name, label.id] as const] : [],
    ),
  )
}

/** How many sub-issues are open, where the server says it. */
export function openSubIssuesOf(summary: { total: number; completed: number } | null | undefined): number | null {
  return summary ? Math.max(0, summary.total - summary.completed) : null
}

function repositoryOf(issue: ApiIssue, otherwise: string): string {
  return (issue.repository_url ?? `/${otherwise}`).split('/').slice(-2).join('/').toLowerCase()
}
