import { expect, test } from 'vitest'
import {
  type BestOf,
  beginsAtBase,
  type Candidate,
  chooseCandidate,
  isComparing,
  nextCandidateKind,
} from '../../../src/domain/best-of.ts'

let runs = 0
const made = (kind: string, more: Partial<Candidate> = {}): Candidate => ({
  ...{ kind, runId: ++runs, name: kind, head: `${kind}-head`, passed: true, asks: 0 },
  ...{ files: 1, lines: 10, paths: [], why: '' },
  ...more,
})

test.each<[string, Partial<Candidate>, Partial<Candidate>, [number?, number?], string | undefined]>([
  ['one alone has passed', { passed: false }, {}, [], 'two'],
  ['none has passed', { passed: false }, { passed: false }, [], undefined],
  ['one passed and has no commit', { head: null }, {}, [], 'two'],
  ['fewer approvals come before fewer lines', { asks: 1, lines: 1 }, { lines: 500 }, [], 'two'],
  ['fewer lines come before less money', { lines: 11 }, {}, [1, 100], 'two'],
  ['less money, where all else is equal', {}, {}, [100, 1], 'two'],
  ['the cost of one is not known', {}, {}, [undefined, 1], 'one'],
  ['all is equal', {}, {}, [], 'one'],
])('%s', (_, first, second, [one, two], kind) => {
  const candidates = [made('one', first), made('two', second)]
  const costs = new Map<number, number>()
  for (const [at, cost] of [one, two].entries()) if (cost !== undefined) costs.set(candidates[at]?.runId ?? 0, cost)
  expect(chooseCandidate(candidates, costs)?.kind).toBe(kind)
})

test.each<[string, BestOf | null, string | undefined, boolean]>([
  ['one kind builds it', null, undefined, false],
  ['none has begun', { kinds: ['one', 'two'], candidates: [] }, 'one', true],
  ['the first is done', { kinds: ['one', 'two'], candidates: [made('one')] }, 'two', true],
  ['all are done', { kinds: ['one', 'two'], candidates: [made('two'), made('one')] }, undefined, true],
  ['one was chosen', { kinds: ['one', 'two'], candidates: [made('one')], chosen: 'one' }, undefined, false],
  ['none could be chosen', { kinds: ['one', 'two'], candidates: [], over: true }, undefined, false],
])('whose turn it is: %s', (_, bestOf, kind, comparing) => {
  expect([nextCandidateKind(bestOf), isComparing(bestOf)]).toEqual([kind, comparing])
})

test.each<[string, BestOf | null, string | null, boolean]>([
  ['one kind builds it', null, 'crashed', false],
  ['the first kind is at it', { kinds: ['one', 'two'], candidates: [] }, 'runner lost', false],
  ['the second begins', { kinds: ['one', 'two'], candidates: [made('one')] }, 'finished', true],
  [
    'the second was lost, perhaps before it had the tree',
    { kinds: ['one', 'two'], candidates: [made('one')] },
    'runner lost',
    true,
  ],
  ['the second has asked', { kinds: ['one', 'two'], candidates: [made('one')] }, 'asked', false],
  ['one was chosen', { kinds: ['one', 'two'], candidates: [made('one')], chosen: 'one' }, 'finished', false],
])('whether the next attempt begins at the base: %s', (_, bestOf, last, expected) => {
  expect(beginsAtBase(bestOf, last)).toBe(expected)
})
