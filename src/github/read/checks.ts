/** Reading what CI says about a commit: check runs, check suites and commit statuses, to the last page. */

import type { Check, CheckReading } from '../../domain/github.ts'
import type { Octokit } from '../client.ts'
import type { RepositoryReader } from '../github.ts'
import type { RepositoryPath } from '../repository-path.ts'
import { askOptional, type ReadContext } from './context.ts'
import { readLogOfJob } from './job-log.ts'

type CheckReader = Pick<RepositoryReader, 'checks' | 'jobLog' | 'checkAnnotations' | 'requiredChecks'>

/** Whose check suites stand for workflows, on GitHub.com and on GitHub Enterprise Server. */
const actionsSlug = 'github-actions'
/** A commit with more than this many pages of 100 is not read to its end, and so is waited for. */
const mostPages = 30

/** The part of a `RepositoryReader` that is about CI. */
export function checkReader(context: ReadContext, at: RepositoryPath): CheckReader {
  return {
    checks: async (ref) => {
      const of = { ...at, ref }
      const [suites, states] = await Promise.all([
        askOptional(context, 'check suites', (octokit) => checkSuites(octokit, context.appId, of)),
        askOptional(context, 'commit statuses', (octokit) => statuses(octokit, of)),
      ])
      // Where no other app has run anything there is no list to ask for.
      const runs =
        suites && !suites.haveRuns
          ? undefined
          : await askOptional(context, 'check runs', (octokit) => checkRuns(octokit, context.appId, of))
      const read = [runs, suites, states].filter((list) => list !== undefined)
      return { checks: read.flatMap((list) => list.checks), complete: read.every((list) => list.complete) }
    },

    jobLog: (jobId, limit) =>
      askOptional(context, 'logs of jobs', (octokit) => readLogOfJob(octokit, { ...at, job_id: jobId }, limit)),

    checkAnnotations: async (checkRunId) => {
      const rows = await askOptional(context, 'annotations', async (octokit) => {
        const parameters = { ...at, check_run_id: checkRunId, per_page: 100 }
        return (await octokit.rest.checks.listAnnotations(parameters)).data
      })
      return (rows ?? []).map((row) => ({ path: row.path, line: row.start_line, message: row.message ?? '' }))
    },

    requiredChecks: async (branch) => {
      const lists = await Promise.all([
        askOptional(context, 'rules of branches', (octokit) => fromRulesets(octokit, { ...at, branch })),
        askOptional(context, 'branches', (octokit) => fromProtection(octokit, { ...at, branch })),
      ])
      return [...new Set(lists.flatMap((names) => names ?? []))]
    },
  }
}

type OfCommit = RepositoryPath & { ref: string }

/** Reads page after page until as many rows are there as the server counts. */
async function everyPage<Row>(
  page: (number: number) => Promise<{ rows: Row[]; total: number }>,
): Promise<{ rows: Row[]; complete: boolean }> {
  const rows: Row[] = []
  for (let number = 1; number <= mostPages; number++) {
    const read = await page(number)
    rows.push(...read.rows)
    if (rows.length >= read.total) return { rows, complete: true }
    // The server counts more than it gives: what is missing may have failed.
    if (read.rows.length === 0) break
  }
  return { rows, complete: false }
}

async function checkRuns(octokit: Octokit, appId: number, of: OfCommit): Promise<CheckReading> {
  const { rows, complete } = await everyPage(async (page) => {
    const { data } = await octokit.rest.checks.listForRef({ ...of, per_page: 100, page })
    return { rows: data.check_runs, total: data.total_count }
  })
  return { checks: rows.map((row) => checkOfRun(row, appId)), complete }
}

/** The fields of a check run that are read. */
interface ApiCheckRun {
  id: number
  name: string
  status: string
  conclusion: string | null
  html_url: string | null
  details_url?: string | null
  completed_at?: string | null
  check_suite?: { id: number } | null
  app?: { id: number; slug?: string } | null
  output?: { title: string | null; summary: string | null; text?: string | null; annotations_count?: number }
}

function checkOfRun(run: ApiCheckRun, appId: number): Check {
  const verdict = verdictOf(run.status, run.conclusion)
  return {
    id: `check_run:${run.id}`,
    name: run.name,
    verdict,
    conclusion: run.conclusion,
    url: run.html_url,
    own: run.app?.id === appId,
    completedAt: run.completed_at ? new Date(run.completed_at) : null,
    suiteId: run.check_suite?.id ?? null,
    job: run.app?.slug === actionsSlug ? jobAt(run.details_url) : null,
    output: verdict === 'failure' ? outputOf(run.output) : null,
  }
}

/** GitHub Actions links its check runs to their jobs: `…/actions/runs/12/job/34`. */
function jobAt(url: string | null | undefined): Check['job'] {
  const found = /\/actions\/runs\/(\d{1,15})\/jobs?\/(\d{1,15})\b/.exec(url ?? '')
  return found ? { workflowRunId: Number(found[1]), id: Number(found[2]) } : null
}

function outputOf(output: ApiCheckRun['output']): Check['output'] {
  if (!output) return null
  const { title, summary, text, annotations_count: annotations } = output
  return { title: title ?? '', summary: summary ?? '', text: text ?? '', annotations: annotations ?? 0 }
}

function verdictOf(status: string, conclusion: string | null): Check['verdict'] {
  if (status !== 'completed') return 'pending'
  if (conclusion === 'success') return 'success'
  return conclusion === 'neutral' || conclusion === 'skipped' ? 'neutral' : 'failure'
}

/**
 * Suites that say what no run says: a workflow that waits for its first job, or that could not be started at all.
 * GitHub makes a suite for every app that may write checks; one of another app that never reports means nothing.
 */
async function checkSuites(
  octokit: Octokit,
  appId: number,
  of: OfCommit,
): Promise<CheckReading & { haveRuns: boolean }> {
  const { rows, complete } = await everyPage(async (page) => {
    const { data } = await octokit.rest.checks.listSuitesForRef({ ...of, per_page: 100, page })
    return { rows: data.check_suites, total: data.total_count }
  })
  const others = rows.filter((suite) => suite.app?.id !== appId)
  const telling = others.filter(({ app, status, conclusion, latest_check_runs_count: runs }) => {
    const failed = status === 'completed' && verdictOf('completed', conclusion) === 'failure'
    return runs === 0 && (failed || (app?.slug === actionsSlug && status !== 'completed'))
  })
  const checks = telling.map((suite) => ({
    id: `check_suite:${suite.id}`,
    name: suite.app?.name ?? 'check suite',
    verdict: verdictOf(suite.status ?? '', suite.conclusion),
    conclusion: suite.conclusion,
    url: null,
    own: false,
    completedAt: suite.updated_at ? new Date(suite.updated_at) : null,
    suiteId: suite.id,
    job: null,
    output: null,
  }))
  const haveRuns = !complete || others.some((suite) => suite.latest_check_runs_count !== 0)
  return { checks, complete, haveRuns }
}

/** The last status of every context. */
async function statuses(octokit: Octokit, of: OfCommit): Promise<CheckReading> {
  const { rows, complete } = await everyPage(async (page) => {
    const { data } = await octokit.rest.repos.getCombinedStatusForRef({ ...of, per_page: 100, page })
    return { rows: data.statuses, total: data.total_count }
  })
  const checks = rows.map((row): Check => {
    const verdict = row.state === 'success' || row.state === 'pending' ? row.state : 'failure'
    const failed = verdict === 'failure'
    return {
      id: `status:${row.id}`,
      name: row.context,
      verdict,
      conclusion: verdict === 'pending' ? null : row.state,
      url: row.target_url,
      own: false,
      completedAt: verdict === 'pending' ? null : new Date(row.updated_at),
      suiteId: null,
      job: null,
      output: failed ? { title: row.description ?? '', summary: '', text: '', annotations: 0 } : null,
    }
  })
  return { checks, complete }
}

type OfBranch = { owner: string; repo: string; branch: string }

async function fromRulesets(octokit: Octokit, of: OfBranch): Promise<string[]> {
  const rules = await octokit.paginate('GET /repos/{owner}/{repo}/rules/branches/{branch}', { ...of, per_page: 100 })
  return rules.flatMap((rule) =>
    rule.type === 'required_status_checks'
      ? (rule.parameters?.required_status_checks ?? []).map(({ context }) => context)
      : [],
  )
}

/** Said of the branch itself, so that no permission to administer is needed. */
async function fromProtection(octokit: Octokit, of: OfBranch): Promise<string[]> {
  const { data } = await octokit.rest.repos.getBranch(of)
  const required = data.protected ? data.protection.required_status_checks : undefined
  return [...(required?.contexts ?? []), ...(required?.checks ?? []).map(({ context }) => context)]
}
