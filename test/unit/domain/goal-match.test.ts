/** Which items a goal means. */

import { expect, test } from 'vitest'
import { goalIsAlike, matchGoal } from '../../../src/domain/goal-match.ts'

const alike = (goal: string, ...titles: string[]) =>
  matchGoal(
    goal,
    titles.map((title, at) => ({ title, issueNumber: at + 1 })),
  )
    .filter(({ score }) => score >= goalIsAlike)
    .map(({ item }) => item.issueNumber)

test.each<[string, string[], number[]]>([
  ['Export notes as PDF', ['Let people export their notes as PDF', 'Export notes as CSV'], [1, 2]],
  ['Let people export their notes', ['Let people share their notes'], []],
  ['Speed up the search index', ['Searching: speed up indexing'], [1]],
  ['Add dark mode', ['Add a clock', 'Dark mode for the settings'], [2]],
  ['Say hello', ['Hello'], []],
  ['', ['Anything at all'], []],
  ['Add the new one', ['Add the new one'], []],
])('%s among %j', (goal, titles, issues) => {
  expect(alike(goal, ...titles)).toEqual(issues)
})

test('ten thousand items take less than a second', () => {
  const items = Array.from({ length: 10_000 }, (_, at) => ({ title: `Export report ${at} as PDF`, issueNumber: at }))
  expect(matchGoal('Export notes as PDF', items)).toHaveLength(5)
})
