/** Carrying out the outbox: once, in order, inside GitHub's limits, whatever is answered. */

import { eq, sql } from 'drizzle-orm'
import nock from 'nock'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Store } from '../../../src/db/connect.ts'
import { claimEffect, type EffectRow, enqueueEffect } from '../../../src/db/outbox.ts'
import { reapProcesses, registerProcess } from '../../../src/db/processes.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { effects } from '../../../src/db/schema/effects.ts'
import type { Effect } from '../../../src/domain/effects.ts'
import type { Client } from '../../../src/github/client.ts'
import { type EffectHandlers, loadEffectHandlers } from '../../../src/github/effects/lib/registry.ts'
import { Publisher } from '../../../src/github/publisher.ts'
import { RetryAfter } from '../../../src/lib/errors.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'
import {
  github,
  html,
  installationId,
  json,
  mintTokens,
  newClient,
  page,
  repo,
  secondaryLimit,
  useNock,
} from './api.ts'

useNock()

/** Now: the queues of the same database are on the real clock. */
const start = new Date(Math.floor(Date.now() / 1_000) * 1_000)
let opened: TestStore
let store: Store
let repositoryId: number
let handlers: EffectHandlers
let client: Client
let publisher: Publisher
let statusText: string
let missing: string[]

beforeAll(async () => {
  opened = await openTestStore()
  store = opened.store
  handlers = await loadEffectHandlers()
  const repository = await saveRepository(store.db, {
    ...{ githubId: 5, fullName: 'acme/app', private: false, installationId },
    ...{ cloneUrl: 'https://github.test/acme/app.git', defaultBranch: 'main' },
  })
  repositoryId = repository.id
})
afterAll(() => opened.close())

beforeEach(async () => {
  await store.db.delete(effects)
  vi.useFakeTimers({ toFake: ['Date'], now: start })
  client = newClient()
  statusText = 'Working on it.'
  missing = []
  mintTokens()
  publisher = publisherOn(store)
})

function publisherOn(on: Store, more: { instance?: string; leaseMs?: number } = {}): Publisher {
  return new Publisher({
    ...{ store: on, client, handlers, instance: 'one', ...more, log: pino({ level: 'silent' }) },
    botLogin: () => 'tutti[bot]',
    redact: (text) => text.replaceAll('s3cret', '***'),
    missing: (feature) => missing.push(feature),
    statusComment: async () => statusText,
    pullRequestComment: async () => statusText,
    commitFiles: async () => ({ baseTree: '', files: [] }),
    commands: ['retry', 'merge'],
  })
}

const want = (effect: Effect, key: string = effect.kind) =>
  store.transaction((tx) => enqueueEffect(tx, { repositoryId, key: `test:${key}` }, effect))
const row = async (key: string): Promise<EffectRow> => {
  const [found] = await store.db
    .select()
    .from(effects)
    .where(eq(effects.key, `test:${key}`))
  if (!found) throw new Error(`no effect ${key}`)
  return found
}
const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1_000)
/** The error that a drain must end with. */
const asked = () =>
  publisher.drain().then(
    () => expect.unreachable('it should have been asked to wait'),
    (error: unknown) => error as RetryAfter,
  )

const comment: Effect = { kind: 'comment', payload: { issueNumber: 1, body: 'Hello.' } }
const comments = repo('/issues/1/comments')
const mine = (body: string) => ({ id: 60, body, user: { login: 'tutti[bot]' } })
const marked = 'Hello.\n\n<!-- tutti:test:comment -->'

test('an effect is carried out once, and what came of it is kept', async () => {
  await want(comment)
  github().post(comments, { body: marked }).reply(201, { id: 60 })
  await publisher.drain()
  expect(await row('comment')).toMatchObject({ state: 'done', attempts: 0, error: null, result: { commentId: 60 } })
  await publisher.drain()
})

describe('the pull request of a branch that GitHub has merged meanwhile', () => {
  const shown = (sha: string, another = false): Effect => ({
    kind: 'pull-request',
    payload: {
      branch: 'module/issue-1',
      base: 'main',
      title: 'A clock',
      body: 'New.',
      sha,
      ...(another ? { another } : {}),
    },
  })
  const closed = { message: 'Validation Failed', errors: [{ message: 'Cannot change the state of a merged pull' }] }

  beforeEach(async () => {
    await want(shown('a'.repeat(40)))
    github().post(repo('/pulls')).reply(201, { number: 40, html_url: 'https://x/40' })
    await publisher.drain()
  })

  test('is not opened a second time: that it is merged is the result', async () => {
    await want(shown('b'.repeat(40)))
    github().patch(repo('/pulls/40')).reply(422, closed)
    github()
      .get(repo('/pulls/40'))
      .reply(200, { number: 40, merged: true, merge_commit_sha: 'm1', html_url: 'https://x/40' })
    await publisher.drain()
    expect(await row('pull-request')).toMatchObject({ state: 'done', result: { number: 40, mergedSha: 'm1' } })
  })

  test('is opened again where the issue was queued again', async () => {
    await want(shown('b'.repeat(40), true))
    github().patch(repo('/pulls/40')).reply(422, closed)
    github().post(repo('/pulls')).reply(201, { number: 41, html_url: 'https://x/41' })
    await publisher.drain()
    expect(await row('pull-request')).toMatchObject({ state: 'done', result: { number: 41 } })
  })
})

test('what looks like a secret is masked in every text that leaves, and nowhere else', async () => {
  const token = ['ghp', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('_')
  await want({ kind: 'comment', payload: { issueNumber: 1, body: `It said ${token}, s3cret.` } })
  const body = 'It said [redacted], ***.\n\n<!-- tutti:test:comment -->'
  github().post(comments, { body }).reply(201, { id: 60 })
  await publisher.drain()
  statusText = `Failed with ${token}.`
  await want({ kind: 'status-comment', payload: { issueNumber: 1 } })
  const status = 'Failed with [redacted].\n\n<!-- tutti:test:status-comment -->'
  github().post(comments, { body: status }).reply(201, { id: 61 })
  await publisher.drain()
  expect([(await row('comment')).state, (await row('status-comment')).state]).toEqual(['done', 'done'])
})

describe('a process that is frozen while it writes', () => {
  /** A comment that was begun once: the next attempt searches first, and is frozen while GitHub answers the search. */
  async function frozenAtSearch(meanwhile: () => Promise<unknown>) {
    await want(comment)
    await store.db.update(effects).set({ attempts: 1 })
    github()
      .get(comments)
      .query(true)
      .delay(60)
      .reply(200, async () => {
        await meanwhile()
        return []
      })
  }
  const other = () => publisherOn(store, { instance: 'two' })
  const takenOver = () => store.db.update(effects).set({ claimedBy: 'two', claimEpoch: sql`${effects.claimEpoch} + 1` })

  test('writes nothing when another process has taken the effect over', async () => {
    await frozenAtSearch(takenOver)
    let posts = 0
    github()
      .post(comments)
      .optionally()
      .reply(201, () => {
        posts++
        return { id: 60 }
      })
    await publisherOn(store, { leaseMs: 30 }).drain()
    expect(posts).toBe(0)
    expect(await row('comment')).toMatchObject({ state: 'in_progress', claimedBy: 'two', error: null })
  })

  test('writes once when it still has it', async () => {
    await frozenAtSearch(async () => {})
    github().post(comments, { body: marked }).reply(201, { id: 60 })
    await publisherOn(store, { leaseMs: 30 }).drain()
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 60 } })
  })

  test('what it hears late changes nothing', async () => {
    await want(comment)
    github()
      .post(comments, { body: marked })
      .reply(201, async () => {
        await takenOver()
        return { id: 60 }
      })
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'in_progress', claimedBy: 'two', result: null })
  })

  test('what it has claimed is free for others after the lease, though its process is there', async () => {
    await want(comment)
    const self = await registerProcess(store.db)
    const frozen = await registerProcess(store.db)
    await claimEffect(store.db, (await row('comment')).id, frozen)
    await reapProcesses(store, self, 30_000, async () => {})
    expect(await row('comment')).toMatchObject({ state: 'in_progress', claimedBy: frozen })
    await store.db.update(effects).set({ claimedAt: sql`now() - interval '31 seconds'` })
    await reapProcesses(store, self, 30_000, async () => {})
    expect(await row('comment')).toMatchObject({ state: 'pending', claimedBy: null })
    github().get(comments).query(true).reply(200, [])
    github().post(comments, { body: marked }).reply(201, { id: 61 })
    // What the frozen process may have sent before is over by now.
    await store.db.update(effects).set({ attempts: 1, attemptedAt: sql`now() - interval '31 seconds'` })
    await other().drain()
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 61 } })
  })
})

describe('an answer that is none', () => {
  const lost = (message: string, more: object) => (post: nock.Interceptor) =>
    post.replyWithError(Object.assign(new Error(message), more))
  const bad: [string, (post: nock.Interceptor) => nock.Scope][] = [
    ['500', (post) => post.reply(500, { message: 'Server Error' })],
    ['502 with a page of HTML', (post) => post.reply(502, page, html)],
    ['503 without a body', (post) => post.reply(503, '')],
    ['201 with half a body', (post) => post.reply(201, '{"id": 60, "bo', json)],
    ['201 without a body', (post) => post.reply(201, '', json)],
    ["a proxy's page with status 200", (post) => post.reply(200, page, html)],
    ['a lost connection', lost('read ECONNRESET', { code: 'ECONNRESET' })],
    ['a timeout', lost('The operation was aborted due to timeout', { name: 'TimeoutError' })],
    ['408', (post) => post.reply(408, { message: 'Request Timeout' })],
  ]

  test.each(bad)('%s, and the comment is there: it is found, and no second one is written', async (_, answer) => {
    await want(comment)
    answer(github().post(comments))
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'pending', attempts: 1, result: null })
    await publisher.drain()

    pass(10)
    github()
      .get(comments)
      .query(true)
      .reply(200, [mine('Another.'), { ...mine(marked), id: 61 }])
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 61 } })
    expect(client.meter.writes).toBe(1)
  })

  test.each(bad)('%s, and the comment is not there: it is written', async (_, answer) => {
    await want(comment)
    answer(github().post(comments))
    await publisher.drain()
    pass(15)
    github()
      .get(comments)
      .query(true)
      .reply(200, [mine('Another.')])
    github().post(comments).reply(201, { id: 62 })
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 62 } })
  })

  test('the write is applied after the answer was lost, and after the first search: there is one comment', async () => {
    await want(comment)
    lost('read ECONNRESET', { code: 'ECONNRESET' })(github().post(comments))
    await publisher.drain()
    pass(2)
    const search = () => github().get(comments).query(true)
    search().reply(200, [])
    await publisher.drain()
    expect(await row('comment')).toMatchObject({
      ...{ state: 'pending', error: 'an earlier attempt may still be under way' },
      notBefore: new Date(start.getTime() + 12_000),
    })
    pass(10)
    search().reply(200, [{ ...mine(marked), id: 61 }])
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 61 } })
    expect(client.meter.writes).toBe(1)
  })

  test('the delays grow, and after thirty attempts it is given up', async () => {
    await want(comment)
    await store.db.update(effects).set({ attempts: 9 })
    github().get(comments).query(true).reply(200, [])
    github().post(comments).reply(500, { message: 'Server Error' })
    await publisher.drain()
    const { notBefore } = await row('comment')
    expect(notBefore.getTime() - start.getTime()).toBeGreaterThanOrEqual(225_000)
    expect(notBefore.getTime() - start.getTime()).toBeLessThanOrEqual(375_000)

    await store.db.update(effects).set({ attempts: 29 })
    pass(400)
    github().get(comments).query(true).reply(200, [])
    github().post(comments).reply(500, { message: 'Server Error' })
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'failed', attempts: 30, error: '500 Server Error' })
  })

  test('of a long page only the beginning is kept', async () => {
    await want(comment)
    github().post(comments).reply(502, page.repeat(100), html)
    await publisher.drain()
    expect((await row('comment')).error).toHaveLength(502)
  })
})

describe('a refusal', () => {
  test.each([
    [422, { message: 'Validation Failed', errors: [{ field: 'body', code: 'too_long' }] }],
    [404, { message: 'Not Found' }],
    [410, { message: 'This issue was deleted' }],
    [403, { message: 'Resource not accessible by integration' }],
  ])('%i fails at once, in the terms of GitHub', async (status, body) => {
    await want(comment)
    github().post(comments).reply(status, body)
    await publisher.drain()
    const { state, error } = await row('comment')
    expect(state).toBe('failed')
    expect(error).toMatch(new RegExp(`^${status} ${body.message}`))
    if ('errors' in body) expect(error).toContain('too_long')
    pass(3_600)
    await publisher.drain()
  })

  test.each([
    [409, 'Head branch was modified. Review and try the merge again.'],
    [405, 'Pull Request is not mergeable'],
  ])('%i at a merge fails at once, and the pull request hears of it', async (status, message) => {
    const payload = { pullNumber: 2, sha: 'a'.repeat(40), method: 'squash', title: 'One', message: '' } as const
    await want({ kind: 'merge', payload })
    github()
      .put(repo('/pulls/2/merge'), {
        sha: payload.sha,
        merge_method: 'squash',
        commit_title: 'One',
        commit_message: '',
      })
      .reply(status, { message })
    await publisher.drain()
    const { id, state, error } = await row('merge')
    expect({ state, error }).toEqual({ state: 'failed', error: `${status} ${message}` })
    const jobs = await store.db.execute(sql`select data from pgboss.job where name = 'on-pull-request-merged'`)
    expect((jobs as { rows: unknown[] }).rows).toContainEqual({ data: { effectId: id } })
  })

  test('of credentials (401) is no refusal: it is tried again', async () => {
    nock.cleanAll()
    github()
      .post(`/app/installations/${installationId}/access_tokens`)
      .twice()
      .reply(401, { message: 'Bad credentials' })
    await want(comment)
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'pending', attempts: 1 })
  })
})

describe('a limit', () => {
  const reset = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(start.getTime() / 1_000 + 1_200) }
  test.each([
    ['secondary, 403 with retry-after', 403, secondaryLimit, { 'retry-after': '30' }, 30],
    ['secondary, 429 with retry-after', 429, secondaryLimit, { 'retry-after': '30' }, 30],
    ['secondary, 403 without', 403, secondaryLimit, {}, 60],
    ['secondary, 429 without', 429, secondaryLimit, {}, 60],
    ['primary', 403, { message: 'API rate limit exceeded for installation ID 7.' }, reset, 1_200],
  ])('%s: all wait for it, no attempt is used up, then all goes on', async (_, status, body, headers, seconds) => {
    await want(comment)
    await want({ kind: 'close-issue', payload: { issueNumber: 9, reason: 'completed' } })
    github().patch(repo('/issues/9')).reply(status, body, headers)
    expect(await asked()).toMatchObject({ until: new Date(start.getTime() + seconds * 1_000 + 250) })
    expect(await row('close-issue')).toMatchObject({ state: 'pending', attempts: 1 })
    expect((await row('close-issue')).notBefore.getTime()).toBeGreaterThanOrEqual(start.getTime() + seconds * 1_000)
    expect(await row('comment')).toMatchObject({ state: 'pending', attempts: 0 })

    pass(seconds - 1)
    expect(await asked()).toBeInstanceOf(RetryAfter)
    expect(client.meter.writes).toBe(1)
    expect(await row('comment')).toMatchObject({ state: 'pending', attempts: 0 })

    pass(3)
    github().patch(repo('/issues/9')).reply(200, {})
    github().post(comments).reply(201, { id: 60 })
    await publisher.drain()
    expect([(await row('close-issue')).state, (await row('comment')).state]).toEqual(['done', 'done'])
  })

  test('a write that was refused so is over: after the pause it is made at once', async () => {
    await want(comment)
    github().post(comments).reply(429, secondaryLimit, { 'retry-after': '3' })
    await publisher.drain()
    pass(4)
    github().get(comments).query(true).reply(200, [])
    github().post(comments).reply(201, { id: 60 })
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 60 } })
  })

  test('searching again and again does not put the end of a lost write off', async () => {
    await want(comment)
    github().post(comments).reply(502, page, html)
    await publisher.drain()
    for (const seconds of [3, 9]) {
      pass(seconds)
      github().get(comments).query(true).reply(200, [])
      if (seconds === 9) github().post(comments).reply(201, { id: 60 })
      await publisher.drain()
    }
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 60 } })
  })

  test('writes a minute: the next waits for its minute, and ten are left for what is urgent', async () => {
    for (let n = 1; n <= 72; n++) await want({ kind: 'comment', payload: { issueNumber: 1, body: `${n}` } }, `c${n}`)
    github().post(comments).times(70).reply(201, { id: 60 })
    expect(await asked()).toMatchObject({ until: new Date(start.getTime() + 62_000) })
    expect(await row('c71')).toMatchObject({ state: 'pending', attempts: 0 })

    // Ten are left for what is urgent.
    const close: Effect = { kind: 'close-issue', payload: { issueNumber: 9, reason: 'completed' } }
    await want(close)
    github().patch(repo('/issues/9')).reply(200, {})
    expect(await asked()).toMatchObject({ until: new Date(start.getTime() + 62_000) })
    expect(await row('close-issue')).toMatchObject({ state: 'done' })

    pass(62)
    github().post(comments).twice().reply(201, { id: 61 })
    await publisher.drain()
    expect(await row('c72')).toMatchObject({ state: 'done' })
  })

  test('writes an hour: the next waits for its hour', async () => {
    for (let n = 1; n <= 450; n++) {
      await client.meter.acquire('write')
      pass(2)
    }
    await want(comment)
    expect(await asked()).toMatchObject({ until: new Date(start.getTime() + 3_602_000) })
    vi.setSystemTime(start.getTime() + 3_602_000)
    github().post(comments).reply(201, { id: 60 })
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'done' })
  })

  test('an effect of several writes stops in the middle rather than pass it, and is brought to its end later', async () => {
    for (let n = 1; n <= 79; n++) await client.meter.acquire('write')
    await want({ kind: 'state-label', payload: { issueNumber: 1, label: 'tutti:held' } })
    await store.db.update(effects).set({ result: { label: 'tutti:paused' }, priority: 1 })
    const labels = repo('/issues/1/labels')
    const both = [{ name: 'tutti:paused' }, { name: 'tutti:held' }]
    github().post(labels).reply(200, both)
    await publisher.drain()
    expect(client.meter.writes).toBe(80)
    const { state, error, notBefore } = await row('state-label')
    expect({ state, error }).toEqual({ state: 'pending', error: 'the write budget of this minute or hour is used up' })
    expect(notBefore).toEqual(new Date(start.getTime() + 62_000))

    pass(62)
    github().get(labels).query(true).reply(200, both)
    github().delete(repo('/issues/1/labels/tutti%3Apaused')).reply(200, [])
    await publisher.drain()
    expect(await row('state-label')).toMatchObject({ state: 'done', result: { label: 'tutti:held' } })
  })
})

describe('order and interruption', () => {
  test('the most urgent goes first', async () => {
    await want(comment)
    await want({ kind: 'close-issue', payload: { issueNumber: 9, reason: 'completed' } })
    const order: string[] = []
    const note = (kind: string, answer: object) => () => {
      order.push(kind)
      return answer
    }
    github()
      .post(comments)
      .reply(201, note('comment', { id: 60 }))
    github().patch(repo('/issues/9')).reply(200, note('close', {}))
    await publisher.drain()
    expect(order).toEqual(['close', 'comment'])
  })

  test('the database goes away after the write: it is found on GitHub, and not written again', async () => {
    await want(comment)
    const failing = { ...store, transaction: () => Promise.reject(new Error('connection terminated')) }
    let away = true
    publisher = publisherOn(
      new Proxy(store, {
        get: (on, name: keyof Store) => (name === 'transaction' && away ? failing.transaction : on[name]),
      }),
    )
    github().post(comments).reply(201, { id: 60 })
    await expect(publisher.drain()).rejects.toThrow('connection terminated')
    expect(await row('comment')).toMatchObject({ state: 'in_progress', attempts: 1 })

    away = false
    github()
      .get(comments)
      .query(true)
      .reply(200, [mine(marked)])
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'done', result: { commentId: 60 } })
  })

  test('what another process is carrying out is left to it', async () => {
    await want(comment)
    nock.cleanAll()
    await claimEffect(store.db, (await row('comment')).id, 'two')
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'in_progress', claimedBy: 'two' })
  })

  test('a text that changes meanwhile is published next, into the same comment', async () => {
    await want(comment)
    github()
      .post(comments)
      .reply(201, async () => {
        await want({ kind: 'comment', payload: { issueNumber: 1, body: 'Later.' } })
        return { id: 60 }
      })
    github()
      .patch(repo('/issues/comments/60'), { body: 'Later.\n\n<!-- tutti:test:comment -->' })
      .reply(200, { id: 60 })
    await publisher.drain()
    expect(await row('comment')).toMatchObject({ state: 'done', published: 2 })
  })
})

describe('texts', () => {
  test('a status comment is rendered when it is published, and not written again while it reads the same', async () => {
    const status: Effect = { kind: 'status-comment', payload: { issueNumber: 1 } }
    await want(status)
    statusText = 'Done.'
    github().post(comments, { body: 'Done.\n\n<!-- tutti:test:status-comment -->' }).reply(201, { id: 60 })
    await publisher.drain()
    await store.db.update(effects).set({ state: 'pending' })
    await publisher.drain()
    expect(await row('status-comment')).toMatchObject({ state: 'done', result: { commentId: 60 } })
  })

  test('secrets are taken out, commands get their prefix, and what is too long is cut', async () => {
    await store.db.execute(sql`update repositories set settings = '{"prefix": "/tutti"}'`)
    const body = 'The key is s3cret. Comment `/retry`, not `/dance`.'
    await want({ kind: 'comment', payload: { issueNumber: 1, body: `${body}${'x'.repeat(70_000)}` } })
    let sent = ''
    github()
      .post(comments, (posted: { body: string }) => {
        sent = posted.body
        return true
      })
      .reply(201, { id: 60 })
    await publisher.drain()
    await store.db.execute(sql`update repositories set settings = null`)
    expect(sent).toMatch(/^The key is \*\*\*\. Comment `\/tutti retry`, not `\/dance`\./)
    expect(sent.length).toBeLessThanOrEqual(65_536)
    expect(sent).toContain('<!-- tutti:test:comment -->')
  })
})

test('what this server does not have is said, and the effect is done', async () => {
  const link = { issueNumber: 1, blocker: { repository: 'acme/site', number: 4 }, wanted: true }
  await want({ kind: 'sub-issue', payload: { parent: 1, child: { repository: 'acme/app', number: 3, id: 1_003 } } })
  await want({ kind: 'blocked-by', payload: link })
  github().post(repo('/issues/1/sub_issues')).reply(404, { message: 'Not Found' })
  github().get('/repos/acme/site/issues/4').reply(200, { id: 1_004 })
  github().post(repo('/issues/1/dependencies/blocked_by'), { issue_id: 1_004 }).reply(404, { message: 'Not Found' })
  await publisher.drain()
  expect([(await row('sub-issue')).state, (await row('blocked-by')).state]).toEqual(['done', 'done'])
  expect(missing).toEqual(['sub-issues', 'issue dependencies'])
})
