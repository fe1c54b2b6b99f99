/** Reading CI: every page of suites, runs and statuses, the log of a job, and what a branch requires. */

import { beforeEach, expect, test } from 'vitest'
import type { RepositoryReader } from '../../../src/github/github.ts'
import { createRepositoryReader } from '../../../src/github/read/repository.ts'
import { sha } from '../../../src/lib/ids.ts'
import { github, installationId, mintTokens, newClient, origin, repo, useNock } from './api.ts'

useNock()

let reader: RepositoryReader
let missing: string[]
beforeEach(() => {
  missing = []
  const client = newClient()
  mintTokens()
  reader = createRepositoryReader({
    octokit: () => client.installation(installationId),
    fullName: 'acme/app',
    appId: 1,
    missing: (feature) => missing.push(feature),
  })
})

const head = sha('a'.repeat(40))
const at = '2026-11-01T10:00:00Z'

const run = (name: string, conclusion: string | null, more: object = {}) => ({
  ...{ id: 10, name, conclusion, status: conclusion ? 'completed' : 'in_progress', html_url: null, app: { id: 2 } },
  ...{ completed_at: conclusion ? at : null, check_suite: { id: 5 }, ...more },
})
const status = (context: string, state: string) => ({ id: 9, context, state, target_url: null, updated_at: at })
const suite = (more: object = {}) => ({
  ...{ id: 5, status: 'completed', conclusion: 'success', latest_check_runs_count: 1, app: { id: 2, name: 'CI' } },
  ...{ updated_at: at, ...more },
})

/** Answers one list of the commit, page by page; `total` when the server counts more than it gives. */
function list(kind: 'check-runs' | 'check-suites' | 'status', pages: object[][], total = pages.flat().length): void {
  const name = { 'check-runs': 'check_runs', 'check-suites': 'check_suites', status: 'statuses' }[kind]
  for (const [index, rows] of pages.entries())
    github()
      .get(repo(`/commits/${head}/${kind}`))
      .query({ per_page: '100', page: String(index + 1) })
      .reply(200, { url: 'x', total_count: total, [name]: rows })
}

test('runs and statuses become checks, with our own marked', async () => {
  list('check-suites', [[suite()]])
  list('check-runs', [
    [
      run('green', 'success'),
      run('red', 'timed_out'),
      run('grey', 'skipped'),
      run('yellow', null),
      run('Tutti', 'success', { app: { id: 1 } }),
    ],
  ])
  list('status', [[status('s', 'success'), status('p', 'pending'), status('e', 'error')]])
  const { checks, complete } = await reader.checks(head)
  expect(complete).toBe(true)
  expect(checks.map(({ name, verdict, own }) => [name, verdict, own])).toEqual([
    ['green', 'success', false],
    ['red', 'failure', false],
    ['grey', 'neutral', false],
    ['yellow', 'pending', false],
    ['Tutti', 'success', true],
    ['s', 'success', false],
    ['p', 'pending', false],
    ['e', 'failure', false],
  ])
})

test('a red one on the second page is seen', async () => {
  const many = Array.from({ length: 100 }, (_, index) => run(`run ${index}`, 'success'))
  list('check-suites', [[suite({ latest_check_runs_count: 101 })]])
  list('check-runs', [many, [run('last', 'failure')]])
  list('status', [[status('first', 'success')], [status('second', 'failure')]], 2)
  const { checks, complete } = await reader.checks(head)
  expect(checks.filter(({ verdict }) => verdict === 'failure').map(({ name }) => name)).toEqual(['last', 'second'])
  expect(complete).toBe(true)
})

test('a list that the server cuts short is not complete', async () => {
  list('check-suites', [[suite()]])
  list('check-runs', [[run('one', 'success')], []], 2)
  list('status', [[]])
  expect(await reader.checks(head)).toMatchObject({ complete: false, checks: [{ name: 'one' }] })
})

test('where only we have a suite the runs are not asked for', async () => {
  list('check-suites', [
    [
      suite({ app: { id: 1, name: 'Tutti' } }),
      suite({ id: 6, latest_check_runs_count: 0, conclusion: null, status: 'queued' }),
    ],
  ])
  list('status', [[]])
  expect(await reader.checks(head)).toEqual({ checks: [], complete: true })
})

test('a workflow that waits for its first job is pending, one that could not start has failed', async () => {
  const app = { id: 3, name: 'GitHub Actions', slug: 'github-actions' }
  const none = { latest_check_runs_count: 0, app }
  list('check-suites', [
    [
      suite({ ...none, id: 7, status: 'queued', conclusion: null }),
      suite({ ...none, id: 8, conclusion: 'startup_failure' }),
    ],
  ])
  list('status', [[]])
  expect((await reader.checks(head)).checks).toMatchObject([
    { id: 'check_suite:7', verdict: 'pending' },
    { id: 'check_suite:8', verdict: 'failure', conclusion: 'startup_failure' },
  ])
})

test('a server without suites has runs; one without either has statuses; a refusal is thrown', async () => {
  github()
    .get(repo(`/commits/${head}/check-suites`))
    .query(true)
    .times(2)
    .reply(404, { message: 'Not Found' })
  github()
    .get(repo(`/commits/${head}/check-runs`))
    .query(true)
    .reply(404, { message: 'Not Found' })
  list('status', [[status('s', 'success')]])
  expect((await reader.checks(head)).checks.map(({ name }) => name)).toEqual(['s'])
  expect(missing).toEqual(['check suites', 'check runs'])
  github()
    .get(repo(`/commits/${head}/check-runs`))
    .query(true)
    .reply(403, { message: 'Forbidden' })
  list('status', [[]])
  await expect(reader.checks(head)).rejects.toMatchObject({ status: 403 })
})

test('a job of GitHub Actions is known by its address; its log is a redirect to a text', async () => {
  const app = { id: 3, slug: 'github-actions' }
  list('check-suites', [[suite()]])
  list('check-runs', [
    [run('lint', 'failure', { app, details_url: 'https://github.com/acme/app/actions/runs/12/job/34' })],
  ])
  list('status', [[]])
  expect((await reader.checks(head)).checks[0]?.job).toEqual({ workflowRunId: 12, id: 34 })
  github()
    .get(repo('/actions/jobs/34/logs'))
    .reply(302, undefined, { location: `${origin}/log.txt` })
  github().get('/log.txt').reply(200, 'one\ntwo\n', { 'content-type': 'text/plain' })
  expect(await reader.jobLog(34, 1_000)).toBe('one\ntwo\n')
  github().get(repo('/actions/jobs/35/logs')).reply(410, { message: 'Gone' })
  expect(await reader.jobLog(35, 1_000)).toBeUndefined()
})

test('required checks come from rulesets and from protection', async () => {
  const rule = { type: 'required_status_checks', parameters: { required_status_checks: [{ context: 'a' }] } }
  github()
    .get(repo('/rules/branches/main'))
    .query(true)
    .reply(200, [{ type: 'deletion' }, rule])
  const required_status_checks = {
    contexts: ['b'],
    checks: [
      { context: 'b', app_id: null },
      { context: 'c', app_id: 3 },
    ],
  }
  github()
    .get(repo('/branches/main'))
    .reply(200, { protected: true, protection: { enabled: true, required_status_checks } })
  expect(await reader.requiredChecks('main')).toEqual(['a', 'b', 'c'])
})
