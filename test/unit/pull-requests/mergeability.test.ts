import { expect, test } from 'vitest'
import type { Check, CheckReading, Review } from '../../../src/domain/github.ts'
import { sha as asSha } from '../../../src/lib/ids.ts'
import { decideMerge, type MergeFacts } from '../../../src/pull-requests/mergeability.ts'

const sha = asSha('a'.repeat(40))
const other = asSha('b'.repeat(40))

function review(login: string, state: Review['state'], more: Partial<Review> = {}, mayWrite = true) {
  const author = { id: login.length, login, type: 'User' as const }
  return { review: { id: 1, author, state, sha, body: '', at: new Date(), ...more }, mayWrite }
}

function check(name: string, verdict: Check['verdict'], more: Partial<Check> = {}): Check {
  const nothing = { conclusion: null, url: null, completedAt: null, suiteId: null, job: null, output: null }
  return { id: `check_run:${name}`, name, verdict, own: false, ...nothing, ...more }
}

const read = (...checks: Check[]): CheckReading => ({ checks, complete: true })

function facts(more: Partial<MergeFacts> = {}): MergeFacts {
  return {
    sha,
    pull: { state: 'open', headSha: sha, baseBranch: 'main', mergeable: true, mergeState: 'clean', draft: false },
    baseBranch: 'main',
    reviews: [review('maintainer', 'approved')],
    checks: read(),
    required: [],
    gates: [{ gate: 'tests', verdict: 'pass', summary: 'passed' }],
    approvalsNeeded: 1,
    protectedAllowed: false,
    ...more,
  }
}

const open = facts().pull

test('approved, checked, green: merge', () => {
  expect(decideMerge(facts())).toEqual({ kind: 'merge', approvedBy: ['maintainer'] })
})

test.each<[string, Partial<MergeFacts>, RegExp]>([
  ['the head moved', { pull: { ...open, headSha: other } }, /moved/],
  ['it was closed', { pull: { ...open, state: 'closed' } }, /closed/],
  ['it was pointed at another base', { pull: { ...open, baseBranch: 'release' } }, /release/],
  ['no gate has run', { gates: [] }, /gates have not run/],
  ['a gate failed', { gates: [{ gate: 'tests', verdict: 'fail', summary: '2 failed' }] }, /tests failed: 2 failed/],
  [
    'protected paths wait for a word',
    { gates: [{ gate: 'p', verdict: 'needs-approval', summary: 'touches .github' }] },
    /If you have/,
  ],
  [
    'the approver asked for changes later',
    { reviews: [review('m', 'approved'), review('m', 'changes_requested')] },
    /m asked for changes/,
  ],
  ['another check failed', { checks: read(check('ci', 'failure')) }, /ci failed/],
])('refused: %s', (_, more, why) => {
  const verdict = decideMerge(facts(more))
  expect(verdict.kind).toBe('refuse')
  expect('why' in verdict && verdict.why).toMatch(why)
})

test.each<[string, Partial<MergeFacts>, RegExp]>([
  ['no one approved', { reviews: [] }, /must approve/],
  [
    'the approval is of another commit',
    { reviews: [review('maintainer', 'approved', { sha: other })] },
    /must approve/,
  ],
  ['the approver may not write', { reviews: [review('reader', 'approved', {}, false)] }, /must approve/],
  ['the approval was dismissed', { reviews: [review('m', 'approved'), review('m', 'dismissed')] }, /must approve/],
  ['two approvals are needed', { approvalsNeeded: 2 }, /2 people with write access must approve/],
  [
    'one person approves twice',
    { approvalsNeeded: 2, reviews: [review('m', 'approved'), review('m', 'approved')] },
    /2 people with write access must approve/,
  ],
  ['someone holds it', { hold: { by: 'ann', why: 'after the release' } }, /ann keeps it .*after the release/],
  ['a label holds it', { hold: { by: undefined, why: '' } }, /do-not-merge/],
  ['it is a draft', { pull: { ...open, draft: true } }, /draft/],
])('waits: %s', (_, more, why) => {
  const verdict = decideMerge(facts(more))
  expect(verdict.kind).toBe('wait')
  expect('why' in verdict && verdict.why).toMatch(why)
  const red = read(check('ci', 'failure'))
  expect(decideMerge(facts({ ...more, checks: red })).kind).toBe('refuse')
})

test('a conflict is mended at once; a branch that is behind, once everything else is there', () => {
  const conflict = { pull: { ...open, mergeable: false }, reviews: [] }
  expect(decideMerge(facts(conflict)).kind).toBe('update')
  const behind = { pull: { ...open, mergeState: 'behind' } }
  expect(decideMerge(facts(behind)).kind).toBe('update')
  expect(decideMerge(facts({ ...behind, reviews: [] })).kind).toBe('wait')
  expect(decideMerge(facts({ ...behind, checks: read(check('ci', 'pending')) })).kind).toBe('wait')
})

test('bots do not approve', () => {
  const bot = review('helper[bot]', 'approved', { author: { id: 5, login: 'helper[bot]', type: 'Bot' } })
  expect(decideMerge(facts({ reviews: [bot] })).kind).toBe('wait')
})

test('a comment after an approval takes nothing back; a pending check is waited for; our own check is not', () => {
  const reviews = [review('m', 'approved'), review('m', 'commented')]
  expect(decideMerge(facts({ reviews })).kind).toBe('merge')
  expect(decideMerge(facts({ checks: read(check('ci', 'pending')) })).kind).toBe('wait')
  const own = check('Tutti', 'pending', { own: true })
  expect(decideMerge(facts({ checks: read(own) })).kind).toBe('merge')
})

test('a required check that has not reported, and checks that were not listed, are waited for', () => {
  const checks = read(check('lint', 'success'))
  expect(decideMerge(facts({ checks, required: ['lint', 'e2e'] }))).toEqual({
    kind: 'wait',
    what: 'checks',
    why: 'It waits for the check e2e.',
  })
  expect(decideMerge(facts({ checks, required: ['lint'] })).kind).toBe('merge')
  expect(decideMerge(facts({ checks: { ...checks, complete: false } })).kind).toBe('wait')
})
