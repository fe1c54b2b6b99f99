/** What an API client can meet: each fault, seen through the real client. */
import type { ProbotOctokit } from 'probot'
import { expect, test } from 'vitest'
import type { ApiFault } from '../../../src/playground/github/faults.ts'
import type { RepositoryRecord as Repository } from '../../../src/playground/github/model.ts'
import type { PlaygroundGitHub as GitHub, GitHubOptions } from '../../../src/playground/github/server.ts'
import { failure, installationClient, playground } from '../../support/playground.ts'

const at = { owner: 'acme', repo: 'demo', issue_number: 1 }
const COMMENT = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'

async function start(options: Partial<GitHubOptions> = {}): Promise<{
  github: GitHub
  octokit: ProbotOctokit
  repository: Repository
  comments: () => number
  say: (body?: string) => Promise<unknown>
}> {
  const github = await playground(options)
  const repository = await github.createRepository({ owner: 'acme', name: 'demo' })
  const issue = await github.as('keeper').createIssue(repository, { title: 'One' })
  const octokit = await installationClient(github)
  return {
    github,
    octokit,
    repository,
    comments: () => issue.comments.length,
    say: (body = 'hello') => octokit.rest.issues.createComment({ ...at, body }),
  }
}

test.each<[string, ApiFault, Record<string, unknown>]>([
  ['500', { kind: 'status', status: 500 }, { status: 500, response: { data: { message: 'Server Error' } } }],
  [
    '502 in HTML',
    { kind: 'status', status: 502, body: 'html' },
    { status: 502, response: { data: expect.stringContaining('<html>') } },
  ],
  [
    '503, empty',
    { kind: 'status', status: 503, body: 'empty', headers: { 'retry-after': '7' } },
    { status: 503, response: { headers: { 'retry-after': '7' } } },
  ],
  [
    'secondary limit',
    { kind: 'secondary-limit', retryAfter: 60 },
    {
      status: 403,
      response: {
        headers: { 'retry-after': '60' },
        data: { message: expect.stringContaining('secondary rate limit') },
      },
    },
  ],
  ['429', { kind: 'secondary-limit', status: 429 }, { status: 429 }],
  ['401', { kind: 'unauthorized' }, { status: 401, response: { data: { message: 'Bad credentials' } } }],
  ['reset', { kind: 'reset' }, { status: 500 }],
])('nothing is applied: %s', async (_, fault, expected) => {
  const { github, comments, say } = await start()
  // auth-app asks again after a 401 for a young token, so one fault is not enough to see it fail.
  const rule = github.faults.api({ route: COMMENT, fault })
  if (fault.kind !== 'unauthorized') expect(await failure(say())).toMatchObject(expected)
  else expect((await raw(github, 'hello')).status).toBe(401)
  expect([comments(), rule.fired]).toEqual([0, 1])
  expect(github.calls.at(-1)).toMatchObject({ fault: fault.kind, route: COMMENT })
  rule.remove()
  await say()
  expect(comments()).toBe(1)
})

/** The same request without a client that helps itself. */
async function raw(github: GitHub, body: string): Promise<Response> {
  const octokit = await installationClient(github)
  const { token } = (await octokit.auth({ type: 'installation' })) as { token: string }
  return fetch(`${github.apiUrl}/repos/acme/demo/issues/1/comments`, {
    method: 'POST',
    headers: { authorization: `token ${token}` },
    body: JSON.stringify({ body }),
  })
}

test('half an answer', async () => {
  const { github, comments } = await start()
  github.faults.api({ route: COMMENT, fault: { kind: 'status', status: 502, body: 'truncated' } })
  const response = await raw(github, 'hello')
  expect(response.status).toBe(502)
  await expect(response.json()).rejects.toThrow(SyntaxError)
  expect(comments()).toBe(0)
})

test('applied, then the connection is cut', async () => {
  const { github, comments, say } = await start()
  github.faults.api({ route: COMMENT, times: 1, fault: { kind: 'apply-then-drop' } })
  expect(await failure(say())).toMatchObject({ status: 500 })
  expect(comments()).toBe(1)
  expect(github.calls.at(-1)).toMatchObject({ status: 0, fault: 'apply-then-drop' })
  await say()
  expect(comments()).toBe(2)
})

test('applied, then silence until it is let go', async () => {
  const { github, comments, say } = await start()
  const rule = github.faults.api({ route: COMMENT, times: 1, fault: { kind: 'apply-then-hang' } })
  const waiting = say()
  await github.until(() => comments() === 1, 'the comment')
  expect(await Promise.race([waiting.then(() => 'answered'), say('second').then(() => 'hangs')])).toBe('hangs')
  rule.release()
  expect(await waiting).toMatchObject({ status: 201 })
})

test('a client that gives up on a silent server ends the wait', async () => {
  const { github, comments } = await start()
  github.faults.api({ route: COMMENT, fault: { kind: 'apply-then-hang' } })
  const octokit = await installationClient(github)
  const signal = AbortSignal.timeout(200)
  await failure(octokit.rest.issues.createComment({ ...at, body: 'x', request: { signal } }))
  expect([comments(), github.calls.at(-1)?.status]).toEqual([1, 0])
})

test('the primary limit lasts until its reset', async () => {
  let now = Date.now()
  const { github, say } = await start({ now: () => new Date(now) })
  const resetAt = new Date(now + 600_000)
  const rule = github.faults.api({ fault: { kind: 'primary-limit', resetAt } })
  const refused = await failure(say())
  expect(refused.response?.headers).toMatchObject({
    'x-ratelimit-remaining': '0',
    'x-ratelimit-reset': String(Math.ceil(resetAt.getTime() / 1000)),
  })
  now += 599_000
  await failure(say())
  now += 1000
  expect(await say()).toMatchObject({ status: 201 })
  expect(rule.fired).toBe(2)
})

test('rules choose by route, method and turn, and can end', async () => {
  const { github, octokit, comments, say } = await start()
  const third = github.faults.api({
    route: /comments$/,
    method: 'POST',
    nth: 3,
    fault: { kind: 'status', status: 500 },
  })
  const results: unknown[] = []
  for (let count = 0; count < 4; count += 1)
    results.push(
      await say().then(
        () => 'ok',
        (error: { status: number }) => error.status,
      ),
    )
  expect(results).toEqual(['ok', 'ok', 500, 'ok'])
  expect([third.seen, third.fired]).toEqual([4, 1])
  const late = github.faults.api({
    method: 'GET',
    match: ({ path }) => path.endsWith('/issues/1'),
    fault: { kind: 'latency', ms: 80 },
  })
  const started = performance.now()
  await octokit.rest.issues.get(at)
  expect(performance.now() - started).toBeGreaterThan(79)
  await octokit.rest.issues.listComments(at)
  expect([late.fired, comments()]).toEqual([1, 3])
})

test('a replica that lags behind', async () => {
  const { github, octokit, say } = await start()
  const count = async (): Promise<number> => (await octokit.rest.issues.listComments(at)).data.length
  expect(await count()).toBe(0)
  await say()
  github.faults.api({ method: 'GET', times: 1, fault: { kind: 'stale' } })
  expect(await count()).toBe(0)
  expect(await count()).toBe(1)
})

test('calls are counted, and the busiest minute is known', async () => {
  let now = Date.now()
  const { github, octokit, say } = await start({ now: () => new Date(now) })
  await octokit.rest.issues.get(at)
  for (let count = 0; count < 5; count += 1) {
    await say()
    now += 20_000
  }
  expect(github.counts()).toEqual({ reads: 2, writes: 5 })
  expect(github.calls.filter(({ minting }) => minting)).toHaveLength(1)
  expect([github.busiestWrites(60_000), github.busiestWrites(20_001), github.busiestWrites(3600_000)]).toEqual([
    3, 2, 5,
  ])
})
