/** Who may do what is asked at the moment of the decision, and whatever goes wrong is a no. */

import { beforeEach, describe, expect, test } from 'vitest'
import type { Actor } from '../../../src/domain/github.ts'
import type { GitHub } from '../../../src/github/github.ts'
import { mayWrite, PermissionUnavailable, permissionOf } from '../../../src/github/permissions.ts'
import { createRepositoryReader } from '../../../src/github/read/repository.ts'
import { RetryAfter } from '../../../src/lib/errors.ts'
import {
  github,
  html,
  installationId,
  mintTokens,
  newClient,
  page,
  repo,
  secondaryLimit,
  skipWaits,
  useNock,
} from './api.ts'

useNock()

const repository = { fullName: 'acme/app', installationId }
const alice: Actor = { id: 11, login: 'alice', type: 'User' }
let services: { github: GitHub }
beforeEach(() => {
  const client = newClient()
  const octokit = () => client.installation(installationId)
  const reader = createRepositoryReader({ octokit, fullName: 'acme/app', appId: 1, missing: () => {} })
  services = { github: { repository: () => reader } as unknown as GitHub }
})

const path = repo('/collaborators/alice/permission')
const answers = (permission: string) =>
  github().get(path).reply(200, { permission, role_name: permission, user: alice })

test.each([
  ['admin', true],
  ['maintain', true],
  ['write', true],
  ['triage', false],
  ['read', false],
  ['none', false],
])('%s: may write, %s', async (permission, allowed) => {
  mintTokens()
  answers(permission)
  expect(await mayWrite(services, repository, alice)).toBe(allowed)
})

test.each([
  ['write', true],
  ['admin', true],
  ['read', false],
])('a role of the organisation counts as what it is built upon: %s may write, %s', async (permission, allowed) => {
  mintTokens()
  github().get(path).reply(200, { permission, role_name: 'release-engineer', user: alice })
  expect(await mayWrite(services, repository, alice)).toBe(allowed)
})

test('it is asked every time: a permission that was taken away counts at once', async () => {
  mintTokens()
  answers('write')
  answers('read')
  expect(await mayWrite(services, repository, alice)).toBe(true)
  expect(await mayWrite(services, repository, alice)).toBe(false)
})

test.each<[string, Actor]>([
  ['a bot', { id: 12, login: 'helper[bot]', type: 'Bot' }],
  ['an organisation', { id: 13, login: 'acme', type: 'Organization' }],
  ['a deleted account', { id: 0, login: 'ghost', type: 'User' }],
])('%s has none, and GitHub is not asked', async (_, actor) => {
  expect(await permissionOf(services, repository, actor)).toBe('none')
})

describe('without an answer there is no permission', () => {
  test.each([
    ['403', 403, { message: 'Resource not accessible by integration' }, {}],
    ['500 three times', 500, { message: 'Server Error' }, {}],
    ['a page of HTML three times', 502, page, html],
    ["a proxy's page with status 200 three times", 200, page, html],
  ])('%s', async (_, status, body, headers) => {
    skipWaits()
    mintTokens()
    github()
      .get(path)
      .times(status === 403 ? 1 : 3)
      .reply(status, body, headers)
    const refused = await mayWrite(services, repository, alice).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(PermissionUnavailable)
    expect(refused).toMatchObject({ actor: alice, message: 'GitHub could not be asked what alice may do' })
  })

  test('while GitHub asks for a pause, the question waits', async () => {
    mintTokens()
    github().get(path).reply(429, secondaryLimit, { 'retry-after': '30' })
    await expect(mayWrite(services, repository, alice)).rejects.toBeInstanceOf(PermissionUnavailable)
    await expect(mayWrite(services, repository, alice)).rejects.toBeInstanceOf(RetryAfter)
  })
})
