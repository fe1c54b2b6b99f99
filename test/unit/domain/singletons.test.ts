/** At most one live agent for each item, and for each kind that is a singleton. */

import { expect, test } from 'vitest'
import { type LiveAgent, singletonViolations } from '../../../src/domain/singletons.ts'

const agent = (id: number, issue: number, kind: string, more: Partial<LiveAgent['run']> = {}): LiveAgent => ({
  run: { id, agent: kind, purpose: 'build', stop: null, ...more },
  item: { id: issue, issueNumber: issue },
})
const found = (live: LiveAgent[], singletons: string[] = []) =>
  singletonViolations(live, singletons).map(({ rule, keeps, surplus, reviews }) => [
    ...[rule, keeps.run.id, surplus.map(({ run }) => run.id)],
    ...(reviews.length > 0 ? [reviews.map(({ run }) => run.id)] : []),
  ])

test('one agent for each issue and each kind is no violation, nor are many of a kind that is none', () => {
  expect(found([agent(1, 1, 'codex'), agent(2, 2, 'claude-code')], ['codex'])).toEqual([])
  expect(found([agent(1, 1, 'codex'), agent(2, 2, 'codex')])).toEqual([])
  expect(found([], ['codex'])).toEqual([])
})

test('of an issue the newest goes on, of a kind the oldest', () => {
  expect(found([agent(1, 7, 'codex'), agent(3, 7, 'codex'), agent(2, 7, 'codex')])).toEqual([['issue', 3, [2, 1]]])
  expect(found([agent(3, 3, 'codex'), agent(1, 1, 'codex'), agent(2, 2, 'codex')], ['codex'])).toEqual([
    ['kind', 1, [2, 3]],
  ])
})

test('an agent that ends for its issue is not counted again for its kind', () => {
  expect(found([agent(1, 7, 'codex'), agent(2, 7, 'codex')], ['codex'])).toEqual([['issue', 2, [1]]])
})

test('one that is being stopped already is not the one that is kept, and a review ends by itself', () => {
  const live = [
    agent(1, 1, 'codex', { stop: 'asked' }),
    agent(2, 2, 'codex'),
    agent(3, 3, 'codex', { purpose: 'review' }),
  ]
  expect(found(live, ['codex'])).toEqual([['kind', 2, [1], [3]]])
})
