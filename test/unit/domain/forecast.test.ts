import { expect, test } from 'vitest'
import { sharedPairs, suggestOrder } from '../../../src/domain/forecast.ts'

test('who conflicts with the fewest is merged first; who conflicts with no one is not named', () => {
  const pair = (one: number, other: number) => ({ one, other, paths: ['a'] })
  expect(suggestOrder([1, 2, 3, 4], [pair(1, 2), pair(1, 3)])).toEqual([2, 3, 1])
  expect(suggestOrder([1, 2], [])).toEqual([])
})

test('only branches that touch the same files are compared; one whose files are unknown with all', () => {
  const items = [
    { id: 3, paths: ['src/a/two.ts'] },
    { id: 1, paths: ['src/a/one.ts'] },
    { id: 2, paths: ['src/a'] },
    { id: 4, paths: ['docs/x.md'] },
  ]
  expect(sharedPairs(items)).toEqual([
    [1, 2],
    [2, 3],
  ])
  expect(sharedPairs([...items.slice(0, 2), { id: 9, paths: [] }])).toEqual([
    [1, 9],
    [3, 9],
  ])
})
