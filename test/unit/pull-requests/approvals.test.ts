/** Whose approval counts: a table over who reviewed, how, and which commit. */

import { expect, test } from 'vitest'
import type { Actor, Review } from '../../../src/domain/github.ts'
import { sha as asSha } from '../../../src/lib/ids.ts'
import { decideMerge, type MergeFacts } from '../../../src/pull-requests/mergeability.ts'

const head = asSha('a'.repeat(40))
const older = asSha('b'.repeat(40))
type One = { state?: Review['state']; sha?: string; type?: Actor['type']; id?: number; mayWrite?: boolean }

function decide(reviews: readonly One[], approvalsNeeded = 1) {
  const facts: MergeFacts = {
    sha: head,
    pull: { state: 'open', headSha: head, baseBranch: 'main', mergeable: true, mergeState: 'clean', draft: false },
    baseBranch: 'main',
    reviews: reviews.map(({ state = 'approved', sha = head, type = 'User', id = 7, mayWrite = true }, at) => ({
      review: { id: at, author: { id, login: `person-${id}`, type }, state, sha, body: '', at: new Date(at) },
      mayWrite,
    })),
    checks: { checks: [], complete: true },
    required: [],
    gates: [{ gate: 'tests', verdict: 'pass', summary: 'passed' }],
    approvalsNeeded,
    protectedAllowed: false,
  }
  return decideMerge(facts).kind === 'merge'
}

test.each<[string, readonly One[], boolean]>([
  ['a person with write access, of the head', [{}], true],
  ['nobody', [], false],
  ['a person, of an older commit', [{ sha: older }], false],
  ['a reader', [{ mayWrite: false }], false],
  ['a bot, also one with write access', [{ type: 'Bot' }], false],
  ['an app or an organisation', [{ type: 'Organization' }], false],
  ['an account that was imported', [{ type: 'Mannequin' }], false],
  ['a deleted account', [{ id: 0 }], false],
  ['a person whose approval was dismissed', [{ state: 'dismissed' }], false],
  ['a person who approved, and whose later request for changes was dismissed', [{}, { state: 'dismissed' }], false],
  ['a person who approved, then only commented', [{}, { state: 'commented' }], true],
  ['a person who approved, then asked for changes', [{}, { state: 'changes_requested' }], false],
  ['a person who asked for changes, then approved', [{ state: 'changes_requested' }, {}], true],
  ['one person, while a reader asks for changes', [{}, { id: 8, state: 'changes_requested', mayWrite: false }], true],
  ['one person, while another writer asks for changes', [{}, { id: 8, state: 'changes_requested' }], false],
])('approved by %s: merged %s', (_, reviews, merged) => {
  expect(decide(reviews)).toBe(merged)
})

test('two approvals are those of two people', () => {
  expect(decide([{}, {}], 2)).toBe(false)
  expect(decide([{}, { id: 8 }], 2)).toBe(true)
  expect(decide([{}, { id: 8, type: 'Bot' }], 2)).toBe(false)
})
