/** Check runs, check suites and commit statuses. */
import { z } from 'zod'
import { checkRunOf, createCheckRun, createStatus, rerunFailed, suiteOf, updateCheckRun } from '../acts/checks.ts'
import { paged, pagedIn, perPage } from '../api/pages.ts'
import {
  created,
  numberParam,
  ok,
  parseBody,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  textParam,
} from '../api/route.ts'
import { jobLogUrl } from '../job-logs.ts'
import { resolveRef } from '../merges.ts'
import { ApiRefusal, type CheckRun } from '../model.ts'
import {
  checkRunBody,
  combinedStatusBody,
  latestRuns,
  latestStatuses,
  statusBody,
  suiteBody,
} from '../payloads/checks.ts'
import { objectId } from '../sha.ts'

const Annotation = z.object({
  path: z.string(),
  start_line: z.number(),
  end_line: z.number(),
  start_column: z.number().optional(),
  end_column: z.number().optional(),
  annotation_level: z.enum(['notice', 'warning', 'failure']),
  message: z.string(),
  title: z.string().optional(),
  raw_details: z.string().optional(),
})
/** GitHub takes at most 65,535 characters in a check run's summary and text. */
const Text = z.string().max(65_535)
const CommitId = z
  .string()
  .regex(/^[0-9a-f]{40}$/)
  .transform(objectId)
const CheckEdit = z.object({
  name: z.string().optional(),
  external_id: z.string().optional(),
  details_url: z.string().optional(),
  status: z.enum(['queued', 'in_progress', 'completed', 'waiting', 'requested', 'pending']).optional(),
  conclusion: z
    .enum(['success', 'failure', 'neutral', 'cancelled', 'skipped', 'timed_out', 'action_required'])
    .optional(),
  started_at: z.iso.datetime().optional(),
  completed_at: z.iso.datetime().optional(),
  output: z
    .object({
      title: z.string().optional(),
      summary: Text,
      text: Text.optional(),
      annotations: z.array(Annotation).optional(),
    })
    .optional(),
})
const NewCheck = CheckEdit.extend({ name: z.string(), head_sha: CommitId })
const NewStatus = z.object({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  context: z.string().optional(),
  description: z.string().max(140).nullish(),
  target_url: z.string().nullish(),
})

export const checkRoutes: Route[] = [
  repositoryRoute('POST', '/check-runs', 'checks:write', async (call) => {
    const run = await createCheckRun(call.world, call.actor, call.repository, parseBody(call, NewCheck))
    return created(body(call, run))
  }),
  repositoryRoute('GET', '/check-runs/{check_run_id}', 'checks:read', (call) => ok(body(call, runFor(call)))),
  repositoryRoute('PATCH', '/check-runs/{check_run_id}', 'checks:write', (call) => {
    const run = runFor(call)
    updateCheckRun({ world: call.world, actor: call.actor }, call.repository, run, parseBody(call, CheckEdit))
    return ok(body(call, run))
  }),
  repositoryRoute('GET', '/check-runs/{check_run_id}/annotations', 'checks:read', (call) =>
    paged(call, runFor(call).annotations, (annotation) => annotation),
  ),
  repositoryRoute('GET', '/commits/{ref+}/check-runs', 'checks:read', listRuns),
  repositoryRoute('GET', '/commits/{ref+}/check-suites', 'checks:read', (call) => {
    const appId = call.query.get('app_id')
    const suites = call.repository.suites
      .filter((suite) => suite.headSha === commitFor(call))
      .filter((suite) => appId === null || String(suite.app.id) === appId)
    return pagedIn(call, 'check_suites', suites, (suite) => suiteBody(call.world, call.repository, suite))
  }),
  repositoryRoute('GET', '/commits/{ref+}/status', 'statuses:read', (call) => {
    const head = commitFor(call)
    const { headers } = paged(call, latestStatuses(call.repository, head), (status) => status.id)
    const page = { number: Number(call.query.get('page') ?? 1), size: perPage(call) }
    return { body: combinedStatusBody(call.world, call.repository, head, page), headers }
  }),
  repositoryRoute('POST', '/check-suites/{check_suite_id}/rerequest', 'checks:write', (call) => {
    const id = numberParam(call, 'check_suite_id')
    const suite = suiteOf(call.repository, (one) => one.id === id)
    rerunFailed(call.world, call.actor, call.repository, suite)
    return { status: 201, body: {} }
  }),
  repositoryRoute('POST', '/actions/runs/{run_id}/rerun-failed-jobs', 'actions:write', (call) => {
    const id = numberParam(call, 'run_id')
    const suite = suiteOf(call.repository, (one) => one.workflowRunId === id)
    rerunFailed(call.world, call.actor, call.repository, suite)
    return { status: 201, body: {} }
  }),
  repositoryRoute('GET', '/actions/jobs/{job_id}/logs', 'actions:read', (call) => {
    const run = checkRunOf(call.repository, numberParam(call, 'job_id'))
    if (run.log === undefined) throw new ApiRefusal(404, 'Not Found')
    return { status: 302, headers: { location: jobLogUrl(call.world, call.repository, run) } }
  }),
  repositoryRoute('GET', '/commits/{ref+}/statuses', 'statuses:read', (call) => {
    const statuses = call.repository.statuses.filter((status) => status.sha === commitFor(call)).reverse()
    return paged(call, statuses, (status) => statusBody(call.world, call.repository, status))
  }),
  repositoryRoute('POST', '/statuses/{sha}', 'statuses:write', async (call) => {
    const wanted = { ...parseBody(call, NewStatus), sha: objectId(textParam(call, 'sha')) }
    const status = await createStatus(call.world, call.actor, call.repository, wanted)
    return created(statusBody(call.world, call.repository, status))
  }),
]

function runFor(call: RepositoryCall): CheckRun {
  return checkRunOf(call.repository, numberParam(call, 'check_run_id'))
}

function body(call: RepositoryCall, run: CheckRun) {
  return checkRunBody(call.world, call.repository, run)
}

/** The commit that branch, tag or id in the address means. @throws {ApiRefusal} 422 */
export function commitFor(call: RepositoryCall) {
  const ref = textParam(call, 'ref')
  const found = resolveRef(call.repository.refs, ref)
  if (!found) throw new ApiRefusal(422, `No commit found for SHA: ${ref}`)
  return found
}

/** By default only the last run of each name in a suite. */
function listRuns(call: RepositoryCall) {
  const { query, repository } = call
  const head = commitFor(call)
  const latest = query.get('filter') !== 'all'
  const name = query.get('check_name')
  const status = query.get('status')
  const appId = query.get('app_id')
  const runs = repository.suites
    .filter((suite) => suite.headSha === head && (appId === null || String(suite.app.id) === appId))
    .flatMap((suite) => (latest ? latestRuns(suite) : suite.runs))
    .filter((run) => name === null || run.name === name)
    .filter((run) => status === null || run.status === status)
    .toSorted((one, other) => other.id - one.id)
  return pagedIn(call, 'check_runs', runs, (run) => body(call, run))
}
