/** Issues that people name: what our own tables say, and as few questions to GitHub as possible. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RepositoryRow, saveRepository } from '../../../src/db/repositories.ts'
import { workItems } from '../../../src/db/schema/work-items.ts'
import type { GitHub } from '../../../src/github/github.ts'
import { createRepositoryReader } from '../../../src/github/read/repository.ts'
import { issueKey, type NamedIssue, resolveIssues } from '../../../src/github/resolve-issues.ts'
import type { ItemState } from '../../../src/lib/item-state.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'
import { github, installationId, mintTokens, newClient, origin, repo, useNock } from './api.ts'

useNock()

let opened: TestStore
let home: RepositoryRow
let services: { store: TestStore['store']; github: GitHub }
let minted: () => number

beforeAll(async () => {
  opened = await openTestStore()
  home = await saveRepository(opened.store.db, {
    ...{ githubId: 5, fullName: 'acme/app', private: false, installationId },
    ...{ cloneUrl: 'https://github.test/acme/app.git', defaultBranch: 'main' },
  })
})
afterAll(() => opened.close())

beforeEach(async () => {
  await opened.store.db.delete(workItems)
  const client = newClient()
  const octokit = () => client.installation(installationId)
  const repository = ({ fullName }: { fullName: string }) =>
    createRepositoryReader({ octokit, fullName, appId: 1, missing: () => {} })
  services = { store: opened.store, github: { repository } as unknown as GitHub }
})

async function item(issueNumber: number, state: ItemState) {
  await opened.store.db.insert(workItems).values({
    ...{ repositoryId: home.id, issueNumber, state, title: 'Item', requestedBy: 'alice', requestedById: 11 },
    ...{ module: `issue-${issueNumber}`, branch: `module/issue-${issueNumber}`, baseBranch: 'main' },
  })
}

const issue = (number: number, state = 'open') => ({
  ...{ number, id: 1_000 + number, title: `Issue ${number}`, body: '', state, labels: [], user: null },
  html_url: `${origin}/acme/app/issues/${number}`,
})
const here = (number: number, more: Partial<NamedIssue> = {}) => ({ repository: 'acme/app', number, ...more })
const states = async (...named: NamedIssue[]) => {
  const found = await resolveIssues(services, home, named)
  return Object.fromEntries([...found].map(([key, one]) => [key, one.state]))
}
const asks = () => {
  minted = mintTokens()
}

describe('what our own tables say is not asked', () => {
  test.each<[ItemState, string]>([
    ['ready', 'open'],
    ['running', 'open'],
    ['done', 'closed'],
  ])('an item that is %s: %s', async (state, expected) => {
    await item(1, state)
    expect(await states(here(1))).toEqual({ 'acme/app#1': expected })
  })

  test('nor is a checked box, nor what a listing has said', async () => {
    const listed = {
      ...issue(3),
      url: '',
      state: 'closed' as const,
      author: { id: 0, login: 'ghost', type: 'User' as const },
    }
    const given = { ...listed, labels: [], isPullRequest: false }
    expect(await states(here(2, { checked: true }), here(3, { issue: given }))).toEqual({
      'acme/app#2': 'closed',
      'acme/app#3': 'closed',
    })
  })
})

describe('the rest is asked', () => {
  test('each once, however often it is named; what is not there is missing', async () => {
    asks()
    github().get(repo('/issues/1')).reply(200, issue(1))
    github().get(repo('/issues/2')).reply(404, { message: 'Not Found' })
    github().get(repo('/issues/3')).reply(410, { message: 'This issue was deleted' })
    expect(await states(here(1), here(1), here(2), here(3))).toEqual({
      'acme/app#1': 'open',
      'acme/app#2': 'missing',
      'acme/app#3': 'missing',
    })
    expect(minted()).toBe(1)
  })

  test('a cancelled item says nothing about its issue', async () => {
    asks()
    await item(1, 'cancelled')
    github().get(repo('/issues/1')).reply(200, issue(1, 'closed'))
    expect(await states(here(1))).toEqual({ 'acme/app#1': 'closed' })
  })

  test('more than ten by the hundred: only those that are not open are asked one by one', async () => {
    asks()
    const numbers = Array.from({ length: 11 }, (_, index) => index + 1)
    const open = numbers.slice(0, 10).map((number) => issue(number))
    github().get(repo('/issues')).query(true).reply(200, open)
    github().get(repo('/issues/11')).reply(200, issue(11, 'closed'))
    const found = await states(...numbers.map((number) => here(number)))
    expect(Object.values(found)).toEqual([...Array(10).fill('open'), 'closed'])
  })

  test('a repository that the app cannot see: all missing, and one question for many', async () => {
    asks()
    github().get('/repos/other/secret/issues').query(true).reply(404, { message: 'Not Found' })
    const named = Array.from({ length: 11 }, (_, index) => ({ repository: 'other/secret', number: index + 1 }))
    expect(new Set(Object.values(await states(...named)))).toEqual(new Set(['missing']))
  })

  test.each([403, 422])('%i is no answer: nothing is taken for missing', async (status) => {
    asks()
    github().get(repo('/issues/1')).reply(status, { message: 'No' })
    await expect(states(here(1))).rejects.toMatchObject({ status })
  })
})

test('an issue is found under its address', () => {
  expect(issueKey({ repository: 'acme/app', number: 12 })).toBe('acme/app#12')
})
