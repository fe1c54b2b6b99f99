/** What of a held item's work may be shown to people, and how a plan compares with it. */

import { expect, test } from 'vitest'
import { mayLeave } from '../../../src/domain/held-work.ts'
import { comparePlan } from '../../../src/domain/plan-comparison.ts'

type Results = Parameters<typeof mayLeave>[0]

test.each<[string, Results, boolean]>([
  [
    'the commands failed',
    [
      { gate: 'changes', verdict: 'pass' },
      { gate: 'command', verdict: 'fail' },
    ],
    true,
  ],
  [
    'a secret was found',
    [
      { gate: 'secrets', verdict: 'fail' },
      { gate: 'command', verdict: 'skip' },
    ],
    false,
  ],
  [
    'a protected path waits',
    [
      { gate: 'protected-paths', verdict: 'needs-approval' },
      { gate: 'command', verdict: 'fail' },
    ],
    false,
  ],
  ['it is too large', [{ gate: 'changes', verdict: 'fail' }], false],
  [
    'the server refused the push',
    [
      { gate: 'command', verdict: 'pass' },
      { gate: 'push', verdict: 'fail' },
    ],
    false,
  ],
  ['the gates have not judged it', [], false],
])('%s', (_, results, expected) => {
  expect(mayLeave(results, new Set(['command']))).toBe(expected)
})

test('a plan names files, folders and patterns', () => {
  expect(
    comparePlan(['src/api/', 'docs/*.md', './README.md', 'lib'], ['src/api/a.ts', 'docs/x.md', 'other.ts']),
  ).toEqual({
    touched: 2,
    unplanned: ['other.ts'],
    untouched: ['./README.md', 'lib'],
  })
})
