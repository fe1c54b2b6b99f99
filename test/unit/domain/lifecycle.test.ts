import { expect, test } from 'vitest'
import { canTransition, inactiveStates, lifecycle } from '../../../src/domain/lifecycle.ts'
import type { ItemState } from '../../../src/lib/item-state.ts'

const states = Object.keys(lifecycle) as ItemState[]

test('every next state exists, and every state can be reached', () => {
  const reached = new Set<string>(['queued', ...inactiveStates])
  for (const state of states) {
    for (const to of lifecycle[state].next) {
      expect(states).toContain(to)
      reached.add(to)
    }
  }
  expect([...reached].sort()).toEqual([...states].sort())
})

test('no item merges without a review, and a done item can only be queued again', () => {
  const before = states.filter((state) => canTransition(state, 'merging'))
  expect(before.sort()).toEqual(['approved', 'reviewing'])
  expect(states.filter((state) => canTransition('done', state))).toEqual(['queued'])
})

test('every state but done can change to an inactive state', () => {
  for (const state of states) {
    for (const to of inactiveStates) expect(canTransition(state, to)).toBe(state !== to && state !== 'done')
  }
})
