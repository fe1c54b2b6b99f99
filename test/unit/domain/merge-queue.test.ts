import { expect, test } from 'vitest'
import { playTrain } from '../../../bench/lib/merge-train.ts'
import { nextGroup, nextMember, orderQueue, suspectsIn, type TestedGroup } from '../../../src/domain/merge-queue.ts'
import { randomInt, seeded } from '../../../src/scheduler/optimiser/random.ts'

const failed = (members: number[], suspects: number[] = []): TestedGroup => ({ members, verdict: 'failed', suspects })
const passed = (members: number[]): TestedGroup => ({ members, verdict: 'passed', suspects: [] })
const next = (waiting: number[], tested: TestedGroup[], merged: number[] = [], most = 4) =>
  nextGroup(waiting, { merged: new Set(merged), tested, most })

test('dependencies first, then priority, then age', () => {
  const one = (id: number, priority: number, since: number) => ({ id, priority, since })
  const waiting = [one(1, 2, 10), one(2, 0, 30), one(3, 2, 5), one(4, 3, 1)]
  const ids = (edges: { first: number; second: number }[]) => orderQueue(waiting, edges).map(({ id }) => id)
  expect(ids([])).toEqual([2, 3, 1, 4])
  expect(ids([{ first: 4, second: 2 }])).toEqual([3, 1, 4, 2])
})

test.each<[string, number[], TestedGroup[], number[], number[]]>([
  ['nothing is known: as many as may be', [1, 2, 3, 4, 5], [], [], [1, 2, 3, 4]],
  ['a group has failed: its first half', [1, 2, 3, 4, 5], [failed([1, 2, 3, 4])], [], [1, 2]],
  ['half of it has failed, too', [1, 2, 3, 4], [failed([1, 2]), failed([1, 2, 3, 4])], [], [1]],
  ['the first half has merged: half of the rest', [3, 4, 5], [passed([1, 2]), failed([1, 2, 3, 4])], [1, 2], [3]],
  ['one is left of it', [4, 5], [passed([3]), failed([3, 4])], [3], [4]],
  [
    'the broken one was taken out: a smaller group of what waits',
    [2, 3, 5, 6],
    [failed([1]), failed([1, 2, 3])],
    [],
    [2, 3],
  ],
  ['the log names one: the others without it', [1, 2, 3, 4], [failed([1, 2, 3, 4], [2])], [], [1, 3, 4]],
  ['that one is left', [2, 5], [passed([1, 3, 4]), failed([1, 2, 3, 4], [2])], [1, 3, 4], [2]],
  ['the log names all that are left: halves', [1, 2, 5], [failed([1, 2], [1, 2])], [], [1]],
  ['nothing waits', [], [failed([1])], [], []],
])('%s', (_, waiting, tested, merged, group) => {
  expect(next(waiting, tested, merged)).toEqual(group)
})

test('a failure points to those whose files it names, unless it names all', () => {
  const members = [
    { id: 1, paths: ['src/one.ts', 'a.md'] },
    { id: 2, paths: ['src/two.ts', 'a.md'] },
  ]
  expect(suspectsIn('FAIL src/two.ts:4', members)).toEqual([2])
  expect(suspectsIn('FAIL src/two.ts and src/one.ts', members)).toEqual([])
  // Names as short as this are in every log.
  expect(suspectsIn('see a.md', members)).toEqual([])
})

test('a batch that has passed says which is next as long as the base is what it was tested on', () => {
  expect(nextMember(['t1', 't2'], 't0', 't0')).toBe(0)
  expect(nextMember(['t1', 't2'], 't0', 't1')).toBe(1)
  expect(nextMember(['t1', 't2'], 't0', 't2')).toBeUndefined()
  expect(nextMember(['t1', 't2'], 't0', 'other')).toBeUndefined()
})

test('whatever is broken: exactly the broken ones go back, everything else merges in order, and it ends', () => {
  const random = seeded(7)
  for (let n = 0; n < 300; n++) {
    const pulls = 1 + randomInt(random, 30)
    const broken = randomInt(random, pulls + 1)
    const batch = 1 + randomInt(random, 12)
    const seed = randomInt(random, 1e6)
    const options = { pulls, broken, batch, tells: n % 2 === 0 ? 0 : 0.7 }
    const { merged, sentBack, tests } = playTrain({ ...options, random: seeded(seed) })
    expect(sentBack).toHaveLength(broken)
    expect(merged).toHaveLength(pulls - broken)
    expect(new Set([...merged, ...sentBack]).size).toBe(pulls)
    if (broken === 0) expect(merged).toEqual(merged.toSorted((a, b) => a - b))
    expect(tests).toBeLessThanOrEqual(3 * pulls + 10)
  }
})

test('with 5 of 100 broken: at least four times the merges of one by one', () => {
  const { merged, tests } = playTrain({ pulls: 100, broken: 5, batch: 16, tells: 0.8, random: seeded(1) })
  expect(merged.length / tests).toBeGreaterThanOrEqual(4 * 0.95)
})
