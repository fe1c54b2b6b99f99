import { expect, test } from 'vitest'
import { conflictHunks } from '../../../src/domain/conflict-hunks.ts'
import { edgesAmong, inDependencyOrder } from '../../../src/domain/merge-order.ts'

const ids = (...list: number[]) => list.map((id) => ({ id }))

test('what others depend on comes first; the rest stays in its order; a circle is no obstacle', () => {
  const before = (first: number, second: number) => ({ first, second })
  expect(inDependencyOrder(ids(3, 1, 2), [])).toEqual(ids(3, 1, 2))
  expect(inDependencyOrder(ids(3, 1, 2), [before(2, 3)])).toEqual(ids(1, 2, 3))
  expect(inDependencyOrder(ids(1, 2, 3), [before(3, 2), before(2, 1)])).toEqual(ids(3, 2, 1))
  expect(inDependencyOrder(ids(1, 2, 3), [before(1, 2), before(2, 1), before(9, 3)])).toEqual(ids(3, 1, 2))
})

test('only dependencies inside of the repository count', () => {
  const items = [
    { id: 1, issueNumber: 11 },
    { id: 2, issueNumber: 12 },
  ]
  const edge = (repository: string, issueNumber: number) => ({ dependentId: 2, repository, issueNumber })
  expect(edgesAmong(items, [edge('acme/app', 11), edge('acme/other', 11), edge('acme/app', 99)], 'Acme/App')).toEqual([
    { first: 1, second: 2 },
  ])
})

test('of a marked file the conflicts are shown, with some lines around', () => {
  const lines = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => `line ${from + at}`)
  const hunk = ['<<<<<<< ours', 'mine', '=======', 'theirs', '>>>>>>> base']
  const shown = conflictHunks([...lines(1, 9), ...hunk, ...lines(10, 19), ...hunk].join('\n'), 1_000)
  expect(shown.split('\n')).toEqual([...lines(7, 9), ...hunk, ...lines(10, 12), '…', ...lines(17, 19), ...hunk])
  expect(conflictHunks(hunk.join('\n'), 10)).toBe('<<<<<<< ou\n… (cut)')
  expect(conflictHunks('no markers', 10)).toBe('')
})
