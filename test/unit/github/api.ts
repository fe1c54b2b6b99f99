/** A client of a GitHub that is nock: no socket is opened, and a call that no test expects fails. */

import { generateKeyPairSync } from 'node:crypto'
import nock from 'nock'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, expect, vi } from 'vitest'
import { type Client, createClient } from '../../../src/github/client.ts'
import type { SharedLimits } from '../../../src/github/meter.ts'
import { memoryLimits } from '../../support/memory-limits.ts'

/** The host of every call. */
export const origin = 'http://api.github.test'
/** Where issues and pull requests of the tests are. */
export const at = { owner: 'acme', repo: 'app' }
/** The address of something in the repository. */
export const repo = (path = '') => `/repos/acme/app${path}`
/** The installation that covers the repository. */
export const installationId = 7

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
})

/** Lets nock answer every call of this file. Other files of the same process make real ones. */
export function useNock(): void {
  const unexpected: string[] = []
  // nock answers such a call with 501, which the client takes for a server that does not have it.
  const note = ({ method, url }: Request) => void unexpected.push(`${method} ${url}`)
  beforeAll(() => {
    nock.emitter.on('no match', note)
    if (!nock.isActive()) nock.activate()
    nock.disableNetConnect()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.restoreAllMocks()
    const unused = nock.pendingMocks()
    nock.cleanAll()
    expect(unexpected.splice(0), 'calls that were made and not expected').toEqual([])
    expect(unused, 'calls that were expected and not made').toEqual([])
  })
  afterAll(() => {
    nock.emitter.off('no match', note)
    nock.enableNetConnect()
    nock.restore()
  })
}

/** A client that has made no call yet, and has no token. @param limits shared with others; its own when not given. */
export function newClient(limits: SharedLimits = memoryLimits()): Client {
  return createClient({
    appId: '1',
    privateKey,
    webhookSecret: 'secret',
    apiUrl: origin,
    limits,
    log: pino({ level: 'silent' }),
  })
}

/** GitHub. */
export const github = () => nock(origin)

/** GitHub mints tokens when asked: `ghs_1`, `ghs_2` and so on. @returns how many so far. */
export function mintTokens(times = 1, options: { optionally?: boolean } = {}): () => number {
  let minted = 0
  github()
    .post(`/app/installations/${installationId}/access_tokens`)
    .times(times)
    .optionally(options.optionally)
    .reply(() => [
      201,
      { token: `ghs_${++minted}`, expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions: {} },
    ])
  return () => minted
}

/** GitHub at a caller who carries this token. */
export const githubFor = (token: string) => nock(origin, { reqheaders: { authorization: `token ${token}` } })

/** Waits take no time: the clock goes to the next timer at once. Times that others read go with it. */
export function skipWaits(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  vi.setTimerTickMode('nextTimerAsync')
}

/** A proxy's page, as it comes in place of an answer. */
export const page = '<!DOCTYPE html><html><body><h1>502 Bad Gateway</h1></body></html>'
/** The headers of such a page. */
export const html = { 'content-type': 'text/html; charset=utf-8' }
/** The headers of an answer, for bodies that are no JSON all the same. */
export const json = { 'content-type': 'application/json; charset=utf-8' }
/** How GitHub says that too much was written in a short time. */
export const secondaryLimit = {
  message: 'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.',
  documentation_url: 'https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits',
}
