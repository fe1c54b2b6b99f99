/** The demo's table of API calls: each call counts for the issue that it is about. */

import { expect, test } from 'vitest'
import { countByIssue } from '../../../src/playground/demo/calls.ts'
import type { ApiCall } from '../../../src/playground/github/api/calls.ts'
import type { RepositoryRecord } from '../../../src/playground/github/model.ts'

const sha = 'a'.repeat(40)
const repository = {
  issues: new Map([
    [1, { number: 1, body: '', comments: [{ id: 51 }] }],
    [2, { number: 2, body: '', comments: [] }],
    [
      3,
      {
        ...{ number: 3, body: 'Closes #2\n', comments: [{ id: 53 }] },
        pull: { headSha: sha, headRef: 'module/issue-2', reviews: [], reviewComments: [{ id: 60 }] },
      },
    ],
  ]),
} as unknown as RepositoryRecord

const call = (method: string, path: string, body: unknown = {}): ApiCall => ({
  ...{ method, route: '', path: `/repos/demo/app${path}`, body, status: 200, write: method !== 'GET' },
  ...{ minting: path.endsWith('/access_tokens'), at: new Date() },
})
const thread = Buffer.from('PullRequestReviewThread:60').toString('base64url')

test('numbers, comments, commits, branches and threads say which issue it is', () => {
  const calls = [
    call('POST', '/issues/1/comments'),
    call('PATCH', '/issues/comments/51'),
    call('PATCH', '/issues/comments/53'),
    call('POST', '/pulls', { head: 'module/issue-2' }),
    call('PUT', '/pulls/3/merge'),
    call('GET', `/commits/${sha}/status`),
    call('POST', '/check-runs', { head_sha: sha }),
    call('POST', '/graphql', { query: '', variables: { number: 3 } }),
    call('POST', '/graphql', { query: '', variables: { thread0: thread } }),
    call('GET', '/collaborators/ann/permission'),
    call('GET', '/issues'),
    call('POST', '/access_tokens'),
  ]
  expect(countByIssue(calls, repository, ['plain', 'review'])).toEqual([
    { about: '#1 (plain)', reads: 0, writes: 2 },
    { about: '#2 (review)', reads: 1, writes: 6 },
    { about: 'who may do what', reads: 1, writes: 0 },
    { about: 'at the start', reads: 1, writes: 0 },
  ])
})
