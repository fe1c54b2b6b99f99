/** Which comment on GitHub is ours, when the database does not know it: after a lost answer, and after a restore. */

import { expect, test } from 'vitest'
import type { EffectContext } from '../../../src/github/effects/lib/handler.ts'
import { putComment } from '../../../src/github/effects/lib/put-comment.ts'

/** What putComment does on an issue with these comments of the app. */
async function put(key: string, single: boolean, bodies: string[]): Promise<string> {
  const done: string[] = []
  const data = bodies.map((body, index) => ({ id: index + 1, body, user: { login: 'tutti[bot]' } }))
  const octokit = {
    rest: {
      issues: {
        listComments: {},
        updateComment: async ({ comment_id }: { comment_id: number }) => void done.push(`edited ${comment_id}`),
        createComment: async () => {
          done.push('created')
          return { data: { id: 9 } }
        },
      },
    },
    paginate: {
      iterator: async function* () {
        yield { data }
      },
    },
  }
  const context = {
    ...{ octokit, key, at: {}, before: {}, mayExist: true, botLogin: 'tutti[bot]' },
    ...{ clean: (text: string, end: string) => text + end, notFound: () => {} },
  } as unknown as EffectContext
  await putComment(5, 'now', context, { single })
  return done.join(', ')
}

test.each([
  ['the same number', 'status:12', ['<!-- tutti:reply:1:12 -->', 'old <!-- tutti:status:12 -->'], 'edited 2'],
  ['another number: the database was restored', 'status:12', ['old <!-- tutti:status:3 -->'], 'edited 1'],
  ['two numbers', 'pull-status:4:7', ['old <!-- tutti:pull-status:2:7 -->'], 'edited 1'],
  ['another kind', 'status:12', ['old <!-- tutti:pull-status:12:7 -->'], 'created'],
])('the single comment of an issue, with %s', async (_name, key, bodies, expected) => {
  expect(await put(key, true, bodies)).toBe(expected)
})

test('of several comments only the one with its own number', async () => {
  expect(await put('reply:1:12', false, ['<!-- tutti:reply:1:3 -->'])).toBe('created')
  expect(await put('reply:1:12', false, ['<!-- tutti:reply:1:3 -->', '<!-- tutti:reply:1:12 -->'])).toBe('edited 2')
})
