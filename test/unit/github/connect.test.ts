/** Who the app is, where it is installed, and what it missed. */

import nock from 'nock'
import { pino } from 'pino'
import { beforeEach, describe, expect, test } from 'vitest'
import type { HookDelivery } from '../../../src/domain/github.ts'
import type { Client } from '../../../src/github/client.ts'
import { connectGitHub } from '../../../src/github/connect.ts'
import { type GitHub, NotFound } from '../../../src/github/github.ts'
import { OperatorError } from '../../../src/lib/errors.ts'
import { memoryLimits } from '../../support/memory-limits.ts'
import { github, html, installationId, mintTokens, newClient, page, skipWaits, useNock } from './api.ts'

useNock()

let client: Client
let logged: { msg: string; feature?: string }[]
let tokens: string[]
beforeEach(() => {
  client = newClient()
  logged = []
  tokens = []
})

const log = () => pino({}, { write: (line: string) => void logged.push(JSON.parse(line)) })
const connect = () => connectGitHub(client, log(), (token) => tokens.push(token))
const app = { id: 1, slug: 'tutti', name: 'Tutti', permissions: { contents: 'write' } }

describe('connecting', () => {
  test('says who the app is, and which comments are its own', async () => {
    github().get('/app').reply(200, app)
    const connected = await connect()
    expect(connected.app).toMatchObject({ id: 1, slug: 'tutti', botLogin: 'tutti[bot]' })
    expect(connected.isSelf({ login: 'tutti[bot]', type: 'Bot' })).toBe(true)
    expect(connected.isSelf({ login: 'tutti', type: 'User' })).toBe(false)
  })

  test('waits for a GitHub that is away', async () => {
    skipWaits()
    github().get('/app').times(3).reply(502, page, html)
    github()
      .get('/app')
      .times(3)
      .replyWithError(Object.assign(new Error('connection refused by the proxy'), { code: 'ECONNREFUSED' }))
    github().get('/app').reply(200, app)
    expect((await connect()).app.slug).toBe('tutti')
    // Once, in one line without a stack, and once more when it is back.
    expect(logged.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(
        /^GitHub cannot be reached at \S+: .*\. Check GITHUB_API_URL or GHE_HOST, and the network\. It is tried again/,
      ),
      'GitHub answers now',
    ])
    expect(logged[0]).not.toHaveProperty('err')
  })

  test('a pause that GitHub had asked for before the start is waited for, without a call', async () => {
    skipWaits()
    const limits = memoryLimits()
    await limits.pause(600_000)
    client = newClient(limits)
    github().get('/app').reply(200, app)
    expect((await connect()).app.slug).toBe('tutti')
    expect(logged.map(({ msg }) => msg)).toEqual(['GitHub has asked for a pause; it is asked again after that'])
    expect(client.meter.reads).toBe(1)
  })

  test.each([
    ['a key that is not its own', 401, 'A JSON web token could not be decoded'],
    ['an app that GitHub does not have', 404, 'Integration not found'],
  ])('%s is refused at once, with what to check', async (_, status, message) => {
    github().get('/app').reply(status, { message })
    const refused = await connect().catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(OperatorError)
    expect(refused).toMatchObject({
      message: "GitHub refused the app's credentials",
      hint: 'Check APP_ID and PRIVATE_KEY.',
    })
    expect(logged).toEqual([])
  })

  test('gives up in the end, and says where to search', async () => {
    skipWaits()
    github().get('/app').times(61).reply(404, page, html)
    await expect(connect()).rejects.toMatchObject({
      message: expect.stringMatching(/^GitHub cannot be reached at /),
      hint: 'Check GITHUB_API_URL or GHE_HOST, and the network.',
    })
  })
})

describe('connected', () => {
  let connected: GitHub
  const deliveriesSince = async (since: Date) => {
    const found: HookDelivery[] = []
    expect(await connected.deliveries(since, async (page) => void found.push(...page))).toBe(true)
    return found
  }
  const open = async (permissions: Record<string, string> = app.permissions) => {
    github()
      .get('/app')
      .reply(200, { ...app, permissions })
    connected = await connect()
  }
  const hook = (id: number, minutes: number, more: object = {}) => ({
    ...{ id, guid: `guid-${id}`, event: 'issues', status_code: 202, redelivery: false },
    delivered_at: new Date(Date.UTC(2026, 2, 1, 12, minutes)).toISOString(),
    ...more,
  })

  test('an installation that has not accepted `workflows` gets a token without it', async () => {
    await open({ ...app.permissions, workflows: 'write' })
    const address = `/app/installations/${installationId}/access_tokens`
    const wanted = { repository_ids: [5], permissions: { contents: 'write', workflows: 'write' } }
    github().post(address, wanted).reply(422, { message: 'The permissions requested are not granted' })
    github()
      .post(address, { ...wanted, permissions: { contents: 'write' } })
      .reply(201, { token: 'ghs_less' })
    const token = await connected.token({ githubId: 5, installationId }, 'write')
    expect(token).toBe('ghs_less')
  })

  test.each([
    ['read', {}, { contents: 'read' }],
    ['write', {}, { contents: 'write' }],
    ['write', { workflows: 'write' }, { contents: 'write', workflows: 'write' }],
  ] as const)('a token for git that may %s is for one repository and no more', async (need, more, permissions) => {
    await open({ ...app.permissions, ...more })
    github()
      .post(`/app/installations/${installationId}/access_tokens`, { repository_ids: [5], permissions })
      .reply(201, { token: 'ghs_git' })
    expect(await connected.token({ githubId: 5, installationId }, need)).toBe('ghs_git')
    expect(tokens).toEqual(['ghs_git'])
  })

  test('repositories of every installation that is not suspended, to the last page', async () => {
    await open()
    mintTokens()
    github()
      .get('/app/installations')
      .query(true)
      .reply(200, [{ id: installationId }, { id: 8, suspended_at: '2026-03-01T12:00:00Z' }])
    // Who commits are by is asked along with it, once.
    github().get('/users/tutti%5Bbot%5D').reply(200, { id: 7_700, login: 'tutti[bot]' })
    const repository = (id: number) => ({
      ...{ id, full_name: `acme/r${id}`, private: true, default_branch: 'main' },
      clone_url: `https://github.test/acme/r${id}.git`,
    })
    const path = '/installation/repositories'
    github()
      .get(path)
      .query({ per_page: '100' })
      .reply(
        200,
        { total_count: 2, repositories: [repository(1)] },
        { link: `<http://api.github.test${path}?page=2>; rel="next"` },
      )
    github()
      .get(path)
      .query({ page: '2' })
      .reply(200, { total_count: 2, repositories: [repository(2)] })
    expect((await connected.installedRepositories()).repositories).toMatchObject([
      { githubId: 1, fullName: 'acme/r1', installationId, defaultBranch: 'main', private: true },
      { githubId: 2, fullName: 'acme/r2', installationId },
    ])
    const author = { name: 'tutti[bot]', email: '7700+tutti[bot]@users.noreply.github.com' }
    for (let time = 0; time < 2; time++) expect(await connected.author({ installationId })).toEqual(author)
  })

  test('deliveries are read until they get too old, and no further', async () => {
    await open()
    const path = '/app/hook/deliveries'
    github()
      .get(path)
      .query({ per_page: '100' })
      .reply(200, [hook(3, 30), hook(2, 20)], { link: `<http://api.github.test${path}?cursor=v1>; rel="next"` })
    github()
      .get(path)
      .query({ cursor: 'v1' })
      .reply(200, [hook(1, 10)], { link: `<http://api.github.test${path}?cursor=v2>; rel="next"` })
    const found = await deliveriesSince(new Date(Date.UTC(2026, 2, 1, 12, 15)))
    expect(found.map(({ id, deliveryId }) => [id, deliveryId])).toEqual([
      [3, 'guid-3'],
      [2, 'guid-2'],
    ])
  })

  test('behind a server with another name in its links, pages are read by number and cursor from where we ask', async () => {
    await open()
    const path = '/app/hook/deliveries'
    const elsewhere = 'https://inner.github.test:8443/api/v3'
    const page = (cursor: string, id: number, minutes: number) =>
      github()
        .get(path)
        .matchHeader('x-github-api-version', '2022-11-28')
        .query((query) => (query.cursor ?? '') === cursor)
        .reply(200, [hook(id, minutes)], { link: `<${elsewhere}${path}?per_page=100&cursor=v${id - 1}>; rel="next"` })
    page('', 4, 40)
    page('v3', 3, 30)
    page('v2', 2, 20)
    const found = await deliveriesSince(new Date(Date.UTC(2026, 2, 1, 12, 25)))
    expect(found.map(({ id }) => id)).toEqual([4, 3])
  })

  test('a page that names itself as the next one ends the list', async () => {
    await open()
    const path = '/app/hook/deliveries?per_page=100'
    github()
      .get(path)
      .reply(200, [hook(1, 10)], { link: `<http://api.github.test${path}>; rel="next"` })
    expect(await deliveriesSince(new Date(0))).toHaveLength(1)
  })

  test.each([403, 404, 451, 501])('an installation whose list answers %i hides no other', async (status) => {
    await open()
    mintTokens()
    const other = 9
    github()
      .post(`/app/installations/${other}/access_tokens`)
      .reply(201, { token: 'ghs_9', expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions: {} })
    github()
      .get('/app/installations')
      .query(true)
      .reply(200, [{ id: installationId }, { id: other }])
    github().get('/users/tutti%5Bbot%5D').reply(200, { id: 7_700, login: 'tutti[bot]' })
    const list = (token: string) =>
      nock('http://api.github.test', { reqheaders: { authorization: `token ${token}` } })
        .get('/installation/repositories')
        .query(true)
    list('ghs_1').reply(status, { message: 'No' })
    const facts = { id: 1, full_name: 'acme/r1', private: true, default_branch: 'main', clone_url: 'https://x' }
    list('ghs_9').reply(200, { total_count: 1, repositories: [facts] })
    expect(await connected.installedRepositories()).toMatchObject({
      repositories: [{ githubId: 1, installationId: other }],
      unread: [{ installationId, error: { status } }],
    })
  })

  test('a server without a list of deliveries is said once', async () => {
    await open()
    github().get('/app/hook/deliveries').query(true).reply(404, { message: 'Not Found' })
    github().get('/app/hook/deliveries').query(true).reply(501, { message: 'Not Implemented' })
    expect(await connected.deliveries(new Date(0), async () => {})).toBe(false)
    expect(await connected.deliveries(new Date(0), async () => {})).toBe(false)
    expect(logged.map(({ feature }) => feature)).toEqual(['the list of webhook deliveries'])
    github().get('/app/hook/deliveries').query(true).reply(403, { message: 'Forbidden' })
    await expect(connected.deliveries(new Date(0), async () => {})).rejects.toMatchObject({ status: 403 })
  })

  test('a delivery is asked for again; one that GitHub has no longer is NotFound', async () => {
    await open()
    github().post('/app/hook/deliveries/3/attempts').reply(202, {})
    await connected.redeliver(3)
    github().post('/app/hook/deliveries/4/attempts').reply(404, { message: 'Not Found' })
    await expect(connected.redeliver(4)).rejects.toBeInstanceOf(NotFound)
  })
})
