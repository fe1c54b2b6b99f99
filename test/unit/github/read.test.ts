/** Reading one repository: GitHub's answers in our own terms, to the last page, and what is not there. */

import { beforeEach, describe, expect, test } from 'vitest'
import { NotFound, type RepositoryReader } from '../../../src/github/github.ts'
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

const alice = { id: 11, login: 'alice', type: 'User' as const }
const user = { id: 11, login: 'alice', type: 'User' }
const head = sha('a'.repeat(40))

function issue(number: number, more: object = {}) {
  return {
    ...{ number, id: 1_000 + number, title: `Issue ${number}`, body: null, state: 'open', labels: [], user },
    html_url: `${origin}/acme/app/issues/${number}`,
    ...more,
  }
}

/** Answers the pages of a list, as GitHub links them. */
function pages(path: string, query: Record<string, string>, all: object[], extra: object[][] = []): void {
  const lists = [all, ...extra]
  for (const [index, body] of lists.entries()) {
    const page = index + 1
    const next = `<${origin}${path}?${new URLSearchParams({ ...query, per_page: '100', page: String(page + 1) })}>; rel="next"`
    github()
      .get(path)
      .query({ ...query, per_page: '100', ...(page > 1 ? { page: String(page) } : {}) })
      .reply(200, body, page < lists.length ? { link: next } : {})
  }
}

describe('what someone may do', () => {
  const path = repo('/collaborators/alice/permission')
  const answer = (body: object, status = 200) => github().get(path).reply(status, body)

  test.each([
    ['admin', 'admin'],
    ['write', 'maintain'],
    ['read', 'triage'],
    ['none', 'none'],
  ])('"%s" with the role "%s": the role is the finer one', async (permission, role_name) => {
    answer({ permission, role_name, user })
    expect(await reader.permission(alice)).toBe(role_name)
  })

  test("an organisation's own role counts as the permission it is built upon", async () => {
    answer({ permission: 'write', role_name: 'Release captain', user })
    expect(await reader.permission(alice)).toBe('write')
  })

  test('a server without roles is taken at its permission, and one that says neither gives none', async () => {
    answer({ permission: 'write', user })
    expect(await reader.permission(alice)).toBe('write')
    answer({ permission: 'emperor', user })
    expect(await reader.permission(alice)).toBe('none')
  })

  test('the login belongs to someone else by now: none', async () => {
    answer({ permission: 'admin', role_name: 'admin', user: { ...user, id: 12 } })
    expect(await reader.permission(alice)).toBe('none')
    answer({ permission: 'admin', role_name: 'admin', user: null })
    expect(await reader.permission(alice)).toBe('none')
  })

  test('404 is none; 403 is no answer', async () => {
    answer({ message: 'alice is not a user' }, 404)
    expect(await reader.permission(alice)).toBe('none')
    answer({ message: 'Resource not accessible by integration' }, 403)
    await expect(reader.permission(alice)).rejects.toMatchObject({ status: 403 })
  })
})

describe('a file', () => {
  const path = repo('/contents/.github%2Ftutti.yml')

  test('is text; a folder or nothing is none; a refusal is thrown', async () => {
    const content = Buffer.from('agent: scripted\n').toString('base64')
    github().get(path).reply(200, { type: 'file', encoding: 'base64', content })
    expect(await reader.file('.github/tutti.yml')).toBe('agent: scripted\n')
    github()
      .get(path)
      .reply(200, [{ type: 'file', name: 'a' }])
    expect(await reader.file('.github/tutti.yml')).toBeUndefined()
    github().get(path).reply(404, { message: 'Not Found' })
    expect(await reader.file('.github/tutti.yml')).toBeUndefined()
    github().get(path).reply(403, { message: 'Forbidden' })
    await expect(reader.file('.github/tutti.yml')).rejects.toMatchObject({ status: 403 })
  })
})

describe('issues', () => {
  test('one, with what GitHub says of its links; 404 and 410 are NotFound', async () => {
    const links = {
      sub_issues_summary: { total: 5, completed: 3 },
      issue_dependencies_summary: { total_blocked_by: 2 },
      labels: ['plain', { id: 7, name: 'bug' }],
    }
    github().get(repo('/issues/1')).reply(200, issue(1, links))
    expect(await reader.issue(1)).toEqual({
      ...{ number: 1, title: 'Issue 1', body: '', url: `${origin}/acme/app/issues/1`, state: 'open' },
      ...{ labels: ['plain', 'bug'], labelIds: { bug: 7 }, author: alice, isPullRequest: false },
      ...{ nativeBlockers: 2, openParts: 2 },
    })
    for (const status of [404, 410]) {
      github().get(repo('/issues/2')).reply(status, { message: 'This issue was deleted' })
      await expect(reader.issue(2)).rejects.toBeInstanceOf(NotFound)
    }
  })

  test('a deleted author is a ghost without id, and what is not said is not known', async () => {
    github()
      .get(repo('/issues/1'))
      .reply(200, issue(1, { user: null }))
    expect(await reader.issue(1)).toMatchObject({
      author: { id: 0, login: 'ghost' },
      nativeBlockers: null,
      openParts: null,
    })
  })

  test('open ones are read to the last page, without pull requests', async () => {
    const first = Array.from({ length: 100 }, (_, index) => issue(index + 1))
    pages(repo('/issues'), { state: 'open' }, first, [[issue(101), issue(102, { pull_request: {} })], [issue(103)]])
    expect((await reader.openIssues()).map(({ number }) => number)).toEqual([
      ...first.map(({ number }) => number),
      101,
      103,
    ])
  })

  test('labelled ones too', async () => {
    pages(repo('/issues'), { labels: 'tutti', state: 'open' }, [issue(1)], [[issue(2)]])
    expect((await reader.issuesLabelled('tutti')).map(({ number }) => number)).toEqual([1, 2])
  })

  test('a second page that is refused is no shorter list: it fails', async () => {
    const path = repo('/issues')
    github()
      .get(path)
      .query({ state: 'open', per_page: '100' })
      .reply(200, [issue(1)], { link: `<${origin}${path}?page=2>; rel="next"` })
    github().get(path).query({ page: '2' }).reply(403, { message: 'Forbidden' })
    await expect(reader.openIssues()).rejects.toMatchObject({ status: 403 })
  })

  test('sub-issues, wherever they are, in their order', async () => {
    const elsewhere = issue(9, { repository_url: `${origin}/repos/Acme/Site`, state: 'closed' })
    pages(repo('/issues/1/sub_issues'), {}, [issue(3), elsewhere], [[issue(2)]])
    expect(await reader.subIssues(1)).toMatchObject([
      { number: 3, repository: 'acme/app' },
      { number: 9, repository: 'acme/site', state: 'closed' },
      { number: 2, repository: 'acme/app' },
    ])
  })

  test('history: only the events that are known, with label or sub-issue', async () => {
    const line = { actor: user, created_at: '2026-03-01T12:00:00Z' }
    const sub_issue = { number: 4, repository: { full_name: 'Acme/Site' } }
    pages(
      repo('/issues/1/events'),
      {},
      [
        { ...line, event: 'labeled', label: { name: 'tutti' } },
        { ...line, event: 'subscribed' },
      ],
      [[{ ...line, event: 'sub_issue_added', sub_issue }]],
    )
    const common = { actor: alice, at: new Date('2026-03-01T12:00:00Z') }
    expect(await reader.issueEvents(1)).toEqual([
      { ...common, event: 'labeled', label: 'tutti' },
      { ...common, event: 'sub_issue_added', label: null, part: { repository: 'acme/site', number: 4 } },
    ])
  })

  test('comments since a time, to the last page, with the issue that each is below', async () => {
    const since = new Date('2026-11-20T10:00:00Z')
    const comment = (id: number, number: number) => ({
      ...{ id, body: `/queue ${id}`, user, issue_url: `${origin}/repos/acme/app/issues/${number}` },
      ...{ created_at: '2026-11-20T10:00:01Z', updated_at: '2026-11-20T10:00:02Z' },
    })
    const query = { sort: 'updated', direction: 'asc', since: since.toISOString() }
    pages(repo('/issues/comments'), query, [comment(1, 7)], [[{ ...comment(2, 8), body: null, user: null }]])
    const at = { createdAt: new Date('2026-11-20T10:00:01Z'), updatedAt: new Date('2026-11-20T10:00:02Z') }
    expect(await reader.commentsSince(since)).toEqual([
      { id: 1, issueNumber: 7, body: '/queue 1', author: alice, ...at },
      { id: 2, issueNumber: 8, body: '', author: { id: 0, login: 'ghost', type: 'User' }, ...at },
    ])
  })

  test('blockers', async () => {
    const path = repo('/issues/1/dependencies/blocked_by')
    const elsewhere = issue(9, { repository_url: `${origin}/repos/Acme/Site`, state: 'closed' })
    github()
      .get(path)
      .query({ per_page: '100' })
      .reply(200, [issue(3), elsewhere])
    expect(await reader.blockedBy(1)).toEqual([
      { repository: 'acme/app', number: 3, state: 'open' },
      { repository: 'acme/site', number: 9, state: 'closed' },
    ])
  })
})

describe('pull requests', () => {
  const pull = (number: number, more: object = {}) => ({
    ...{ number, title: 'Pull', body: null, state: 'open', merged_at: null, merge_commit_sha: null, user },
    html_url: `${origin}/acme/app/pull/${number}`,
    head: { sha: head, ref: 'module/issue-1', repo: null },
    base: { ref: 'main' },
    ...more,
  })

  test('one: a fork that is gone has no name, and `mergeable` may be unknown', async () => {
    github().get(repo('/pulls/1')).reply(200, pull(1))
    expect(await reader.pull(1)).toEqual({
      ...{ number: 1, url: `${origin}/acme/app/pull/1`, title: 'Pull', body: '', state: 'open', merged: false },
      ...{
        mergeState: null,
        draft: false,
        labels: [],
        mergeMethods: null,
        mergeCommitSha: null,
        headSha: head,
        headBranch: 'module/issue-1',
        headRepository: null,
      },
      ...{ baseBranch: 'main', mergeable: null, author: alice },
    })
  })

  test('in a list, which has no `merged`, the date says that it is merged', async () => {
    pages(repo('/pulls'), { state: 'open' }, [pull(1)], [[pull(2, { merged_at: '2026-03-01T12:00:00Z' })]])
    expect((await reader.openPulls()).map(({ number, merged }) => [number, merged])).toEqual([
      [1, false],
      [2, true],
    ])
  })

  test('reviews and their comments, to the last page', async () => {
    const review = (id: number, state: string) => ({ id, user, state, commit_id: head, body: '', submitted_at: null })
    pages(repo('/pulls/1/reviews'), {}, [review(1, 'APPROVED')], [[review(2, 'CHANGES_REQUESTED')]])
    expect((await reader.reviews(1)).map(({ id, state }) => [id, state])).toEqual([
      [1, 'approved'],
      [2, 'changes_requested'],
    ])
    const said = (path: string, more: object) => ({ id: 5, path, body: 'Why?', user, ...more })
    pages(
      repo('/pulls/1/reviews/2/comments'),
      {},
      [said('a', { line: 3 })],
      [[said('b', { original_line: 7, in_reply_to_id: 4 })]],
    )
    expect((await reader.reviewComments(1, 2)).map(({ path, line, threadId }) => [path, line, threadId])).toEqual([
      ['a', 3, 5],
      ['b', 7, 4],
    ])
  })
})

describe('what a server may not have', () => {
  const optional: [string, string, () => Promise<unknown>][] = [
    ['sub-issues', repo('/issues/1/sub_issues'), () => reader.subIssues(1)],
    ['issue events', repo('/issues/1/events'), () => reader.issueEvents(1)],
    ['issue dependencies', repo('/issues/1/dependencies/blocked_by'), () => reader.blockedBy(1)],
  ]

  test.each(optional)('%s: 404, 410 and 501 mean that it has none', async (feature, path, read) => {
    for (const status of [404, 410, 501]) {
      github().get(path).query(true).reply(status, { message: 'Not Found' })
      expect(await read()).toBeUndefined()
    }
    expect(missing).toEqual([feature, feature, feature])
  })

  test.each(optional)('%s: any other refusal is thrown', async (_, path, read) => {
    github().get(path).query(true).reply(403, { message: 'Forbidden' })
    await expect(read()).rejects.toMatchObject({ status: 403 })
    expect(missing).toEqual([])
  })
})
