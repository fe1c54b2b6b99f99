/** Names of the crew, who takes a run, and what a text is about. */

import { expect, test } from 'vitest'
import { chooseMember, chooseName, domainOf, type Experience, namePools } from '../../../src/domain/crew.ts'

test('the orchestrator takes the names of its pool in their order, then numbers them', () => {
  const taken: string[] = []
  for (let count = 0; count < 6; count++) taken.push(chooseName('orchestrator', taken))
  expect(taken).toEqual(['Conductor', 'Maestro', 'Director', 'Coordinator', 'Synergy', 'Conductor 2'])
})

test('a preferred name is given while it is free, in any case', () => {
  expect(chooseName('builder', [], ['Ada'])).toBe('Ada')
  expect(chooseName('builder', ['ADA'], ['Ada'])).toBe('Aria')
  expect(chooseName('builder', ['ada', ...namePools.builder], ['Ada'])).toBe('Ada 2')
})

test('no name is in two pools', () => {
  const all = Object.values(namePools).flat()
  expect(new Set(all.map((name) => name.toLowerCase())).size).toBe(all.length)
})

const one = (memberId: number, facts: Partial<Experience> = {}): Experience => {
  const nothing = { busy: false, here: [], all: 0, last: false, tried: false }
  return { memberId, name: `M${memberId}`, ...nothing, ...facts }
}

test.each([
  [
    'whoever made the last attempt goes on',
    [one(1, { here: [3, 4], all: 9 }), one(2, { last: true, tried: true })],
    false,
    2,
    'goes on',
  ],
  ['a fresh agent is another one', [one(1, { last: true, tried: true, here: [3] }), one(2)], true, 2, 'free'],
  [
    'experience in the module comes before experience anywhere',
    [one(1, { all: 50 }), one(2, { here: [5], all: 1 })],
    false,
    2,
    'experience',
  ],
  ['then the one that has done most', [one(1), one(2, { all: 3 })], false, 2, 'free'],
  ['then the oldest', [one(1), one(2)], false, 1, 'free'],
  ['a busy one is left out', [one(1, { busy: true, here: [1, 2] }), one(2)], false, 2, 'free'],
] as const)('%s', (_, crew, fresh, memberId, because) => {
  expect(chooseMember(crew, { fresh })).toMatchObject({ memberId, because })
})

test('whom a person has asked for comes first, also after a failure; whom others have asked for is left to them', () => {
  const crew = [one(1, { here: [1, 2], last: true }), one(2, { tried: true }), one(3)]
  expect(chooseMember(crew, { fresh: true, asked: 2 })).toMatchObject({ memberId: 2, because: 'asked' })
  expect(chooseMember(crew, { fresh: false, reserved: new Set([1, 2]) })).toMatchObject({ memberId: 3 })
  expect(chooseMember([one(2, { busy: true }), one(3)], { fresh: false, asked: 2 })).toMatchObject({ memberId: 3 })
})

test('where all are busy or have tried, none is chosen', () => {
  expect(chooseMember([one(1, { busy: true }), one(2, { tried: true })], { fresh: true })).toBeUndefined()
})

test.each([
  ['The login token was logged in src/auth/session.ts', 'security'],
  ['`vitest` needs the fixtures in test/fixtures', 'tests'],
  ['The migration locks the table; use a transaction', 'database'],
  ['Buttons get their CSS from the page', 'frontend'],
  ['The REST endpoint is in the server', 'backend'],
  ['Run docker build in the workflow', 'build'],
  ['Say it in the README and the changelog', 'docs'],
  ['Keep it short', 'general'],
])('%s → %s', (text, domain) => {
  expect(domainOf(text)).toBe(domain)
})
