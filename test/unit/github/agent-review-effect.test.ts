/** A review with comments on lines, and a GitHub that refuses one of the lines. */

import { expect, test } from 'vitest'
import { effect } from '../../../src/github/effects/agent-review.ts'

const payload = {
  ...{ pullNumber: 2, sha: 'a'.repeat(40), body: 'One finding stands at its line.', whole: 'a.ts:3: wrong' },
  comments: [{ path: 'a.ts', line: 3, body: 'wrong' }],
}

/** Publishes to a GitHub that answers so to each review in turn. */
async function published(...answers: (number | 'created')[]) {
  const sent: Record<string, unknown>[] = []
  const createReview = async (review: Record<string, unknown>) => {
    sent.push(review)
    const answer = answers[sent.length - 1]
    if (answer !== 'created') throw Object.assign(new Error('refused'), { status: answer })
    return { data: { id: 7 } }
  }
  const context = {
    ...{ octokit: { rest: { pulls: { createReview } } }, at: { owner: 'acme', repo: 'app' }, before: {} },
    ...{ mayExist: false, key: 'k', clean: (text: string) => text },
  }
  const result = effect.publish(payload, context as never)
  return { sent, result }
}

test('the findings stand at their lines', async () => {
  const { sent, result } = await published('created')
  expect(await result).toEqual({ reviewId: 7 })
  expect(sent).toMatchObject([
    { event: 'COMMENT', body: payload.body, comments: [{ path: 'a.ts', line: 3, side: 'RIGHT', body: 'wrong' }] },
  ])
})

test('where GitHub refuses a line, everything stands in the text; another refusal is what it was', async () => {
  const { sent, result } = await published(422, 'created')
  expect(await result).toEqual({ reviewId: 7 })
  expect(sent[1]).toMatchObject({ body: 'a.ts:3: wrong' })
  expect(sent[1]).not.toHaveProperty('comments')
  await expect((await published(422, 422)).result).rejects.toMatchObject({ status: 422 })
  const away = await published(502)
  await expect(away.result).rejects.toMatchObject({ status: 502 })
  expect(away.sent).toHaveLength(1)
})
