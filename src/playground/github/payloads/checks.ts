/** Bodies for check runs, check suites and commit statuses. */
import type { CommitRecord } from '../commits.ts'
import type {
  CheckConclusion,
  CheckRun,
  CheckStatus,
  CheckSuite,
  CommitStatus,
  RepositoryRecord,
  Schemas,
} from '../model.ts'
import { isPull } from '../model.ts'
import type { World } from '../world.ts'
import { appBody, nodeId, userBody } from './accounts.ts'
import { repositoryBody, repositoryHtml, repositoryUrl } from './repositories.ts'

/** Open pull requests whose head is this commit. */
function pullsAt(world: World, repository: RepositoryRecord, sha: string): Schemas['pull-request-minimal'][] {
  const url = repositoryUrl(world, repository)
  const repo = { id: repository.id, url, name: repository.name }
  return [...repository.issues.values()]
    .filter(isPull)
    .filter((issue) => issue.state === 'open' && issue.pull.headSha === sha)
    .map(({ number, pull }) => ({
      id: pull.id,
      number,
      url: `${url}/pulls/${number}`,
      head: { ref: pull.headRef, sha: pull.headSha, repo },
      base: { ref: pull.baseRef, sha: pull.baseSha, repo },
    }))
}

export function checkRunBody(world: World, repository: RepositoryRecord, run: CheckRun): Schemas['check-run'] {
  const url = `${repositoryUrl(world, repository)}/check-runs/${run.id}`
  const web = repositoryHtml(world, repository)
  const workflow = run.suite.workflowRunId
  // Apps have a page of GitHub's for each run; GitHub Actions has one for each job, which has the number of its run.
  const html = workflow === undefined ? `${web}/runs/${run.id}` : `${web}/actions/runs/${workflow}/job/${run.id}`
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId('CheckRun', run.id),
    head_sha: run.headSha,
    external_id: run.externalId ?? '',
    url,
    html_url: html,
    details_url: run.detailsUrl ?? html,
    status: run.status,
    conclusion: run.conclusion,
    started_at: run.startedAt?.toISOString() ?? null,
    completed_at: run.completedAt?.toISOString() ?? null,
    output: {
      ...run.output,
      annotations_count: run.annotations.length,
      annotations_url: `${url}/annotations`,
    },
    check_suite: { id: run.suite.id },
    app: appBody(world, run.suite.app),
    pull_requests: pullsAt(world, repository, run.headSha),
  }
}

/** In a webhook the run's suite is whole. */
export function checkRunEventBody(world: World, repository: RepositoryRecord, run: CheckRun) {
  const { repository: _repository, head_commit: _commit, ...suite } = suiteBody(world, repository, run.suite)
  return { ...checkRunBody(world, repository, run), check_suite: suite }
}

/** The last run of each name: a job that ran again takes the place of the one before. */
export function latestRuns(suite: CheckSuite): CheckRun[] {
  return [...new Map(suite.runs.map((run) => [run.name, run])).values()]
}

/** A suite is completed when all its runs are; its conclusion is the worst of theirs. */
export function suiteState(suite: CheckSuite): { status: CheckStatus; conclusion: CheckConclusion | null } {
  if (suite.runs.length === 0) return { status: 'queued', conclusion: null }
  const runs = latestRuns(suite)
  if (runs.some((run) => run.status !== 'completed')) return { status: 'in_progress', conclusion: null }
  const worst = ['failure', 'timed_out', 'cancelled', 'action_required', 'success', 'neutral', 'skipped'] as const
  const conclusion = worst.find((word) => runs.some((run) => run.conclusion === word)) ?? 'success'
  return { status: 'completed', conclusion }
}

export function suiteBody(world: World, repository: RepositoryRecord, suite: CheckSuite): Schemas['check-suite'] {
  const url = `${repositoryUrl(world, repository)}/check-suites/${suite.id}`
  return {
    id: suite.id,
    node_id: nodeId('CheckSuite', suite.id),
    head_branch: suite.headBranch,
    head_sha: suite.headSha,
    ...suiteState(suite),
    url,
    before: null,
    after: suite.headSha,
    pull_requests: pullsAt(world, repository, suite.headSha),
    app: appBody(world, suite.app),
    repository: repositoryBody(world, repository) as unknown as Schemas['minimal-repository'],
    created_at: suite.createdAt.toISOString(),
    updated_at: suite.updatedAt.toISOString(),
    latest_check_runs_count: latestRuns(suite).length,
    check_runs_url: `${url}/check-runs`,
    head_commit: simpleCommit(suite.headCommit),
  }
}

/** A commit as events of checks and of merge groups have it. */
export function simpleCommit(commit: CommitRecord): Schemas['simple-commit'] {
  const { sha, tree, message, author, committer } = commit
  return {
    id: sha,
    tree_id: tree,
    message,
    timestamp: committer.date.toISOString(),
    author: { name: author.name, email: author.email },
    committer: { name: committer.name, email: committer.email },
  }
}

export function statusBody(world: World, repository: RepositoryRecord, status: CommitStatus): Schemas['status'] {
  return {
    url: `${repositoryUrl(world, repository)}/statuses/${status.sha}`,
    avatar_url: userBody(world, status.creator).avatar_url,
    id: status.id,
    node_id: nodeId('Status', status.id),
    state: status.state,
    description: status.description,
    target_url: status.targetUrl,
    context: status.context,
    created_at: status.createdAt.toISOString(),
    updated_at: status.updatedAt.toISOString(),
    creator: userBody(world, status.creator),
  }
}

/** The last status of every context, newest first, and what they say together. */
export function combinedStatusBody(
  world: World,
  repository: RepositoryRecord,
  sha: string,
  page: { number: number; size: number },
): Schemas['combined-commit-status'] {
  const latest = latestStatuses(repository, sha)
  const url = repositoryUrl(world, repository)
  const states = latest.map((status) => status.state)
  const failed = states.some((state) => state === 'failure' || state === 'error')
  const passed = states.length > 0 && states.every((state) => state === 'success')
  return {
    state: failed ? 'failure' : passed ? 'success' : 'pending',
    statuses: latest.slice((page.number - 1) * page.size, page.number * page.size).map((status) => {
      const { creator: _creator, ...rest } = statusBody(world, repository, status)
      return rest
    }),
    sha,
    total_count: latest.length,
    repository: repositoryBody(world, repository) as unknown as Schemas['minimal-repository'],
    commit_url: `${url}/commits/${sha}`,
    url: `${url}/commits/${sha}/status`,
  }
}

export function latestStatuses(repository: RepositoryRecord, sha: string): CommitStatus[] {
  const byContext = new Map<string, CommitStatus>()
  for (const status of repository.statuses) if (status.sha === sha) byContext.set(status.context, status)
  return [...byContext.values()].reverse()
}
