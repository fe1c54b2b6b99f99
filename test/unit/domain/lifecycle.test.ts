import { expect, test } from 'vitest'
import { aside, type ItemState, journey, mayGo } from '../../../src/domain/lifecycle.ts'

const states = Object.keys(journey) as ItemState[]

test('every next state exists, and every state can be reached', () => {
  const reached = new Set<string>(['queued', ...aside])
  for (const state of states) {
    for (const to of journey[state].next) {
      expect(states).toContain(to)
      reached.add(to)
    }
  }
  expect([...reached].sort()).toEqual([...states].sort())
})

test('nothing merges that was not reviewed, and what is done can only begin anew', () => {
  const before = states.filter((state) => mayGo(state, 'merging'))
  expect(before.sort()).toEqual(['approved', 'reviewing'])
  expect(states.filter((state) => mayGo('done', state))).toEqual(['queued'])
})

test('standing aside is possible from everywhere but the end', () => {
  for (const state of states) {
    for (const to of aside) expect(mayGo(state, to)).toBe(state !== to && state !== 'done')
  }
})
