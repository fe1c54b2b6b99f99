/** Which commits and pull requests a text takes back. */

import { expect, test } from 'vitest'
import { revertsIn } from '../../../src/domain/reverts.ts'

const id = 'a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0'

test.each<[string, { commits: string[]; pulls: number[] }]>([
  [`Revert "Add a clock"\n\nThis reverts commit ${id}.`, { commits: [id], pulls: [] }],
  [`Back\n\nThis reverts commit a1b2c3d, reversing\nchanges made to ${id}.`, { commits: ['a1b2c3d'], pulls: [] }],
  ['Revert "Add a clock" (#13)\n\nReverts Acme/App#12', { commits: [], pulls: [12] }],
  ['Revert "Add a clock"\n\nReverts #12', { commits: [], pulls: [12] }],
  ['Revert "Add a clock"\n\nReverts acme/other#12', { commits: [], pulls: [] }],
  ['Talks about it\n\nReverts acme/app#12', { commits: [], pulls: [] }],
  [`See: This reverts commit ${id}.`, { commits: [], pulls: [] }],
  [`This reverts commit ${id}.\nThis reverts commit ${id}.`, { commits: [id], pulls: [] }],
  ['', { commits: [], pulls: [] }],
])('%j', (text, expected) => {
  expect(revertsIn(text, 'acme/app')).toEqual(expected)
})
