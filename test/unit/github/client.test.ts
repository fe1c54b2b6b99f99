/** What the client makes of everything that GitHub and the way to it can answer. */

import nock from 'nock'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { Client } from '../../../src/github/client.ts'
import { httpStatusOf } from '../../../src/github/http-status.ts'
import { findRetryAfter } from '../../../src/lib/errors.ts'
import {
  at,
  github,
  githubFor,
  html,
  installationId,
  json,
  mintTokens,
  newClient,
  page,
  repo,
  secondaryLimit,
  skipWaits,
  useNock,
} from './api.ts'

useNock()

let client: Client
beforeEach(() => {
  client = newClient()
})

const issue = { number: 1, title: 'One', id: 1_001 }
const readIssue = async () => (await client.installation(installationId)).rest.issues.get({ ...at, issue_number: 1 })
const comment = async () =>
  (await client.installation(installationId)).rest.issues.createComment({ ...at, issue_number: 1, body: 'hi' })
/** The error of work that must fail. */
const failure = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as Error,
  )

test('a text that was cut in the middle of a character is sent as JSON that every reader takes', async () => {
  mintTokens()
  let sent = ''
  github()
    .post(repo('/issues/1/comments'), (body: { body: string }) => {
      sent = body.body
      return true
    })
    .reply(201, { id: 1 })
  const octokit = await client.installation(installationId)
  await octokit.rest.issues.createComment({ ...at, issue_number: 1, body: 'half \ud83d' })
  expect(sent).toBe('half \ufffd')
})

describe('a read', () => {
  const bad: [string, (get: nock.Interceptor) => nock.Scope][] = [
    ['500', (get) => get.reply(500, { message: 'Server Error' })],
    ['502 with a page of HTML', (get) => get.reply(502, page, html)],
    ['503 without a body', (get) => get.reply(503, '')],
    ['a body that is cut off', (get) => get.reply(200, JSON.stringify(issue).slice(0, 20), json)],
    ['an empty body', (get) => get.reply(200, '', json)],
    ["a proxy's page with status 200", (get) => get.reply(200, page, html)],
    ['a lost connection', (get) => get.replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
  ]

  test.each(bad)('is made again after %s', async (_, answer) => {
    skipWaits()
    mintTokens()
    answer(github().get(repo('/issues/1')))
    answer(github().get(repo('/issues/1')))
    github().get(repo('/issues/1')).reply(200, issue)
    expect((await readIssue()).data).toMatchObject(issue)
    expect(client.meter.reads).toBe(3)
  })

  test.each(bad)('that is answered with %s three times fails', async (_, answer) => {
    skipWaits()
    mintTokens()
    for (let time = 1; time <= 3; time++) answer(github().get(repo('/issues/1')))
    expect(httpStatusOf(await failure(readIssue()))).toBeGreaterThanOrEqual(500)
  })

  test('an answer that does not come in time is given up, and asked for again', async () => {
    mintTokens()
    const octokit = await client.installation(installationId)
    await octokit.auth({ type: 'installation', installationId })
    const given = AbortSignal.timeout.bind(AbortSignal)
    const limit = vi.spyOn(AbortSignal, 'timeout').mockImplementation(() => given(5))
    // nock answers an aborted call all the same, which undici takes for a mistake of its own.
    vi.spyOn(globalThis, 'fetch').mockImplementationOnce(
      (_, init) =>
        new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal?.reason))),
    )
    skipWaits()
    github().get(repo('/issues/1')).reply(200, issue)
    expect((await readIssue()).data).toMatchObject(issue)
    expect(client.meter.reads).toBe(2)
    expect(limit).toHaveBeenCalledWith(15_000)
  })

  test('404, 403, 410 and 422 are answers, not failures: they are not asked for again', async () => {
    mintTokens()
    for (const status of [404, 403, 410, 422]) {
      github().get(repo('/issues/1')).reply(status, { message: 'No' })
      expect(httpStatusOf(await failure(readIssue()))).toBe(status)
    }
    expect(client.meter.reads).toBe(4)
  })

  test('501 is an answer: the server does not have it', async () => {
    mintTokens()
    github().get(repo('/issues/1')).reply(501, { message: 'Not Implemented' })
    expect(httpStatusOf(await failure(readIssue()))).toBe(501)
  })
})

describe('a write', () => {
  test.each<[string, (post: nock.Interceptor) => nock.Scope]>([
    ['500', (post) => post.reply(500, { message: 'Server Error' })],
    ['502 with a page of HTML', (post) => post.reply(502, page, html)],
    ['503 without a body', (post) => post.reply(503, '')],
    ['a body that is cut off', (post) => post.reply(201, '{"id": 5, "bo', json)],
    ['an empty body', (post) => post.reply(201, '', json)],
    ['a lost connection', (post) => post.replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))],
  ])('is never made again by the client after %s: it may be carried out', async (_, answer) => {
    mintTokens()
    answer(github().post(repo('/issues/1/comments')))
    expect(httpStatusOf(await failure(comment()))).toBeGreaterThanOrEqual(500)
    expect(client.meter.writes).toBe(1)
  })

  test('without an answer body of its own (204) is done', async () => {
    mintTokens()
    github().delete(repo('/issues/comments/5')).reply(204)
    const octokit = await client.installation(installationId)
    expect((await octokit.rest.issues.deleteComment({ ...at, comment_id: 5 })).status).toBe(204)
  })
})

describe('limits', () => {
  const now = new Date('2026-03-01T12:00:00Z')
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'], now })
    client = newClient()
  })

  test.each<[string, number, object, Record<string, string>, number]>([
    ['secondary, 403 with retry-after', 403, secondaryLimit, { 'retry-after': '30' }, 30],
    ['secondary, 429 with retry-after', 429, secondaryLimit, { 'retry-after': '30' }, 30],
    ['secondary, 403 without retry-after', 403, secondaryLimit, {}, 60],
    ['secondary, 429 without retry-after', 429, secondaryLimit, {}, 60],
    ['429 that says nothing at all', 429, {}, {}, 60],
    [
      'primary, until its reset',
      403,
      { message: 'API rate limit exceeded for installation ID 7.' },
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now.getTime() / 1_000 + 1_200) },
      1_200,
    ],
  ])('%s: no call is made before the time', async (_, status, body, headers, seconds) => {
    mintTokens()
    github().post(repo('/issues/1/comments')).reply(status, body, headers)
    expect(httpStatusOf(await failure(comment()))).toBe(status)
    expect(client.meter.pausedUntil).toBe(now.getTime() + seconds * 1_000)

    vi.setSystemTime(now.getTime() + seconds * 1_000 - 1)
    for (const work of [readIssue(), comment()]) {
      const asked = findRetryAfter(await failure(work))
      expect(asked?.until.getTime()).toBeGreaterThanOrEqual(now.getTime() + seconds * 1_000)
    }
    expect(client.meter).toMatchObject({ reads: 0, writes: 1 })

    vi.setSystemTime(now.getTime() + seconds * 1_000 + 1)
    github().get(repo('/issues/1')).reply(200, issue)
    await readIssue()
  })

  test('a missing permission is a 403 too, and asks for no pause', async () => {
    mintTokens()
    github().post(repo('/issues/1/comments')).reply(403, { message: 'Resource not accessible by integration' })
    expect((await failure(comment())).message).toContain('Resource not accessible by integration')
    github().get(repo('/issues/1')).reply(200, issue)
    await readIssue()
  })

  test('a longer pause is not cut short by a shorter one', async () => {
    mintTokens()
    const limited = (seconds: string) =>
      github().get(repo('/issues/1')).reply(429, secondaryLimit, { 'retry-after': seconds })
    limited('90')
    limited('5')
    // Both are under way when the first answer comes.
    const asked = (await client.installation(installationId)).rest.issues
    await Promise.allSettled([1, 2].map(() => asked.get({ ...at, issue_number: 1 })))
    expect(client.meter.pausedUntil).toBe(now.getTime() + 90_000)
  })

  test('80 writes in a minute are sent, the next is not; reads go on', async () => {
    mintTokens()
    github().post(repo('/issues/1/comments')).times(80).reply(201, { id: 5 })
    for (let write = 1; write <= 80; write++) await comment()
    const asked = findRetryAfter(await failure(comment()))
    expect(asked?.until).toEqual(new Date(now.getTime() + 62_000))
    github().get(repo('/issues/1')).reply(200, issue)
    await readIssue()

    vi.setSystemTime(now.getTime() + 62_000)
    github().post(repo('/issues/1/comments')).reply(201, { id: 6 })
    await comment()
    expect(client.meter.writes).toBe(81)
  })
})

describe('tokens of an installation', () => {
  test('one is minted for many calls, and another before it expires', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'performance'], now: new Date('2026-03-01T12:00:00Z') })
    const minted = mintTokens(2)
    githubFor('ghs_1').get(repo('/issues/1')).twice().reply(200, issue)
    await readIssue()
    await readIssue()
    expect(minted()).toBe(1)

    vi.advanceTimersByTime(60 * 60_000)
    githubFor('ghs_2').get(repo('/issues/1')).reply(200, issue)
    await readIssue()
    expect(minted()).toBe(2)
    expect(client.meter.tokens).toBe(2)
  })

  test.each([
    ['a read', () => github().get(repo('/issues/1')), readIssue],
    ['a write', () => github().post(repo('/issues/1/comments')), comment],
  ])('%s that is refused with 401 is made once more with a new one', async (_, call, work) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const minted = mintTokens(2)
    const octokit = await client.installation(installationId)
    await octokit.auth({ type: 'installation', installationId })
    // Octokit itself waits for a token that is younger than 5 s.
    vi.setSystemTime(Date.now() + 10_000)
    call().matchHeader('authorization', 'token ghs_1').reply(401, { message: 'Bad credentials' })
    call().matchHeader('authorization', 'token ghs_2').reply(201, issue)
    expect((await work()).data).toMatchObject(issue)
    expect(minted()).toBe(2)
  })

  test('a new one is had although the clock of this machine is an hour behind', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    mintTokens()
    const octokit = await client.installation(installationId)
    await octokit.auth({ type: 'installation', installationId })
    vi.setSystemTime(Date.now() + 10_000)
    const there = new Date(Date.now() + 3_600_000)
    const tooOld =
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires"
    const mint = () => github().post(`/app/installations/${installationId}/access_tokens`)
    github()
      .get(repo('/issues/1'))
      .matchHeader('authorization', 'token ghs_1')
      .reply(401, { message: 'Bad credentials' })
    mint().reply(401, { message: tooOld }, { date: there.toUTCString() })
    mint()
      .matchHeader('authorization', (signed) => Number(claimsOf(signed).exp) * 1_000 > there.getTime())
      .reply(201, { token: 'ghs_2', expires_at: there.toISOString(), permissions: {} })
    github().get(repo('/issues/1')).matchHeader('authorization', 'token ghs_2').reply(200, issue)
    expect((await readIssue()).data).toMatchObject(issue)
  })

  test('where the new one is refused too, the call fails', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout'] })
    vi.setTimerTickMode('nextTimerAsync')
    const minted = mintTokens(2)
    github().get(repo('/issues/1')).times(20).reply(401, { message: 'Bad credentials' })
    expect(httpStatusOf(await failure(readIssue()))).toBe(401)
    expect(minted()).toBe(2)
    nock.cleanAll()
  })

  test('minting is tried again after a server error, and not after a refusal', async () => {
    skipWaits()
    const tokens = `/app/installations/${installationId}/access_tokens`
    github().post(tokens).reply(502, page, html)
    mintTokens()
    github().get(repo('/issues/1')).reply(200, issue)
    await readIssue()
    expect(client.meter).toMatchObject({ tokens: 2, reads: 1, writes: 0 })

    client = newClient()
    github().post(tokens).reply(403, { message: 'This installation has been suspended' })
    expect((await failure(readIssue())).message).toContain('This installation has been suspended')
    expect(client.meter.tokens).toBe(1)
  })
})

/** What a signed word of the app says; nothing where it is another header. */
function claimsOf(header: string | null): Record<string, unknown> {
  const claims = header?.split('.')[1]
  return claims === undefined ? {} : JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'))
}
