/** What CI says: check runs in the suites of an app, and commit statuses. */

import { type CommitRecord, readCommit } from '../commits.ts'
import {
  type ActingAccount,
  ApiRefusal,
  type App,
  type CheckConclusion,
  type CheckRun,
  type CheckStatus,
  type CheckSuite,
  type CommitStatus,
  type RepositoryRecord,
  type Schemas,
} from '../model.ts'
import { checkRunEventBody, statusBody, suiteBody, suiteState } from '../payloads/checks.ts'
import { commitBody } from '../payloads/commits.ts'
import type { ObjectId } from '../sha.ts'
import { nameOf, type World } from '../world.ts'

/** GitHub's limit of annotations per request; more must be added by later updates. */
const MAX_ANNOTATIONS = 50

export interface CheckRunEdit {
  name?: string
  external_id?: string
  details_url?: string
  status?: CheckStatus
  conclusion?: CheckConclusion
  started_at?: string
  completed_at?: string
  output?: { title?: string; summary: string; text?: string; annotations?: NewAnnotation[] }
  /** What the job has printed, where GitHub Actions makes the run. */
  log?: string
}

export interface NewAnnotation {
  path: string
  start_line: number
  end_line: number
  start_column?: number
  end_column?: number
  annotation_level: 'notice' | 'warning' | 'failure'
  message: string
  title?: string
  raw_details?: string
}

/** @throws {ApiRefusal} 403 for anybody but an app, 422 for a commit the repository does not have. */
export async function createCheckRun(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  wanted: CheckRunEdit & { name: string; head_sha: ObjectId },
): Promise<CheckRun> {
  if (!actor.app) throw new ApiRefusal(403, 'You must authenticate via a GitHub App.')
  const commit = await readCommit(world.git, repository.path, wanted.head_sha)
  if (!commit) throw new ApiRefusal(422, `No commit found for SHA: ${wanted.head_sha}`)
  const suite = suiteFor(world, actor.app, repository, commit)
  const run: CheckRun = {
    id: world.nextId(),
    suite,
    name: wanted.name,
    headSha: wanted.head_sha,
    externalId: null,
    detailsUrl: null,
    status: 'queued',
    conclusion: null,
    startedAt: world.now(),
    completedAt: null,
    output: { title: null, summary: null, text: null },
    annotations: [],
  }
  applyEdit(world, repository, run, wanted)
  suite.runs.push(run)
  emitRun({ world, actor }, repository, run, 'created')
  if (run.status === 'completed') emitCompleted(world, actor, repository, run)
  return run
}

/** @throws {ApiRefusal} 403 when another app made the run, 422 for more than 50 annotations. */
export function updateCheckRun(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  run: CheckRun,
  edit: CheckRunEdit,
): void {
  if (run.suite.app !== actor.app) throw new ApiRefusal(403, 'Invalid app_id `check_run` belongs to another app.')
  const before = run.status
  applyEdit(world, repository, run, edit)
  run.suite.updatedAt = world.now()
  if (run.status === 'completed' && before !== 'completed') emitCompleted(world, actor, repository, run)
  else world.changed()
}

function applyEdit(world: World, repository: RepositoryRecord, run: CheckRun, edit: CheckRunEdit): void {
  const annotations = edit.output?.annotations ?? []
  if (annotations.length > MAX_ANNOTATIONS)
    throw new ApiRefusal(422, `Invalid request.\n\nNo more than ${MAX_ANNOTATIONS} annotations are allowed.`)
  run.name = edit.name ?? run.name
  run.log = edit.log ?? run.log
  run.externalId = edit.external_id ?? run.externalId
  run.detailsUrl = edit.details_url ?? run.detailsUrl
  // A conclusion completes the run, whatever `status` says: documented for both requests.
  run.status = edit.conclusion ? 'completed' : (edit.status ?? run.status)
  run.conclusion = run.status === 'completed' ? (edit.conclusion ?? run.conclusion) : null
  if (edit.started_at) run.startedAt = new Date(edit.started_at)
  run.completedAt = run.status === 'completed' ? new Date(edit.completed_at ?? world.now()) : null
  if (edit.output)
    run.output = {
      title: edit.output.title ?? run.output.title,
      summary: edit.output.summary,
      text: edit.output.text ?? run.output.text,
    }
  run.annotations.push(...annotations.map((one) => annotation(world, repository, run, one)))
}

function annotation(
  world: World,
  repository: RepositoryRecord,
  run: CheckRun,
  one: NewAnnotation,
): Schemas['check-annotation'] {
  return {
    path: one.path,
    start_line: one.start_line,
    end_line: one.end_line,
    start_column: one.start_column ?? null,
    end_column: one.end_column ?? null,
    annotation_level: one.annotation_level,
    title: one.title ?? null,
    message: one.message,
    raw_details: one.raw_details ?? null,
    blob_href: `${world.url}/${nameOf(repository)}/blob/${run.headSha}/${one.path}`,
  }
}

/** The app's suite for a commit: there is one, made when it is first needed. */
export function suiteFor(world: World, app: App, repository: RepositoryRecord, headCommit: CommitRecord): CheckSuite {
  const headSha = headCommit.sha
  const found = repository.suites.find((suite) => suite.app === app && suite.headSha === headSha)
  if (found) return found
  const now = world.now()
  const branch = [...repository.refs].find(([ref, id]) => id === headSha && ref.startsWith('refs/heads/'))
  const suite: CheckSuite = {
    id: world.nextId(),
    app,
    headSha,
    headCommit,
    headBranch: branch ? branch[0].slice('refs/heads/'.length) : null,
    runs: [],
    ...(app === world.ci ? { workflowRunId: world.nextId() } : {}),
    createdAt: now,
    updatedAt: now,
  }
  repository.suites.push(suite)
  return suite
}

/** @throws {ApiRefusal} 404 */
export function checkRunOf(repository: RepositoryRecord, id: number): CheckRun {
  const run = repository.suites.flatMap((suite) => suite.runs).find((one) => one.id === id)
  if (!run) throw new ApiRefusal(404, 'Not Found')
  return run
}

/** Someone presses "Re-run": the app that made the run is asked to run it again. */
export function rerequestCheckRun(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  run: CheckRun,
): void {
  if (run.suite.app === world.app) emitRun({ world, actor }, repository, run, 'rerequested')
}

/** @throws {ApiRefusal} 404 */
export function suiteOf(repository: RepositoryRecord, matches: (suite: CheckSuite) => boolean): CheckSuite {
  const suite = repository.suites.find(matches)
  if (!suite) throw new ApiRefusal(404, 'Not Found')
  return suite
}

/**
 * Runs the failed jobs of a workflow run again: each gets a new check run, which waits for its turn.
 * @throws {ApiRefusal} 403 while it is running.
 */
export function rerunFailed(world: World, actor: ActingAccount, repository: RepositoryRecord, suite: CheckSuite): void {
  if (suiteState(suite).status !== 'completed')
    throw new ApiRefusal(403, 'The workflow run containing this job is already running')
  const latest = [...new Map(suite.runs.map((run) => [run.name, run])).values()]
  const failed = latest.filter((run) => !['success', 'neutral', 'skipped'].includes(run.conclusion ?? ''))
  for (const old of failed) {
    const run: CheckRun = {
      ...old,
      id: world.nextId(),
      status: 'queued',
      conclusion: null,
      startedAt: world.now(),
      completedAt: null,
      output: { title: null, summary: null, text: null },
      annotations: [],
    }
    delete run.log
    suite.runs.push(run)
    emitRun({ world, actor }, repository, run, 'created')
  }
  suite.updatedAt = world.now()
  world.changed()
}

function emitRun(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  run: CheckRun,
  action: string,
): void {
  world.emit({
    event: 'check_run',
    action,
    actor,
    repository,
    payload: { check_run: checkRunEventBody(world, repository, run) },
  })
}

function emitCompleted(world: World, actor: ActingAccount, repository: RepositoryRecord, run: CheckRun): void {
  emitRun({ world, actor }, repository, run, 'completed')
  if (suiteState(run.suite).status !== 'completed') return
  const payload = { check_suite: suiteBody(world, repository, run.suite) }
  world.emit({ event: 'check_suite', action: 'completed', actor, repository, payload })
}

export interface NewStatus {
  sha: ObjectId
  state: CommitStatus['state']
  context?: string
  description?: string | null
  target_url?: string | null
}

/** @throws {ApiRefusal} 422 for a commit the repository does not have. */
export async function createStatus(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  wanted: NewStatus,
): Promise<CommitStatus> {
  const commit = await readCommit(world.git, repository.path, wanted.sha)
  if (!commit) throw new ApiRefusal(422, `No commit found for SHA: ${wanted.sha}`)
  const now = world.now()
  const status: CommitStatus = {
    id: world.nextId(),
    sha: wanted.sha,
    state: wanted.state,
    context: wanted.context ?? 'default',
    description: wanted.description ?? null,
    targetUrl: wanted.target_url ?? null,
    creator: actor.account,
    createdAt: now,
    updatedAt: now,
  }
  repository.statuses.push(status)
  const branches = [...repository.refs]
    .filter(([ref, id]) => id === wanted.sha && ref.startsWith('refs/heads/'))
    .map(([ref]) => ({ name: ref.slice('refs/heads/'.length), commit: { sha: wanted.sha }, protected: false }))
  const { state, description, target_url, created_at, updated_at } = statusBody(world, repository, status)
  const payload = {
    ...{ id: status.id, sha: wanted.sha, name: nameOf(repository), context: status.context },
    ...{ state, description, target_url, created_at, updated_at, branches },
    commit: commitBody(world, repository, commit),
  }
  world.emit({ event: 'status', actor, repository, payload })
  return status
}
