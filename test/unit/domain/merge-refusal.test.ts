import { expect, test } from 'vitest'
import { canStillCome, chooseMethod, readMergeRefusal } from '../../../src/domain/merge-refusal.ts'
import { mergeRefused } from '../../../src/messages/merging.ts'

const link = ' - https://docs.github.com/rest/pulls/pulls#merge-a-pull-request'

test.each([
  ['409 Head branch was modified. Review and try the merge again.', 'moved', false],
  ['405 Base branch was modified. Review and try the merge again.', 'base-moved', false],
  ['405 Squash merges are not allowed on this repository.', 'method', false],
  ['405 Merge commits are not allowed on this repository.', 'method', false],
  ['405 Repository rule violations found\n\nChanges must be made through the merge queue', 'queue', false],
  ['405 Head branch is out of date', 'behind', false],
  ['405 Pull Request is still a draft', 'draft', true],
  ['405 Required status check "ci/build" is expected.', 'checks', true],
  ['405 2 of 3 required status checks are expected.', 'checks', true],
  ['405 Repository rule violations found\n\nRequired status check "e2e" is expected.', 'checks', true],
  ['405 At least 2 approving reviews are required by reviewers with write access.', 'approvals', true],
  ['405 Waiting on code owner review from acme/core.', 'approvals', true],
  ['405 A conversation must be resolved before this pull request can be merged.', 'conversations', true],
  ['405 Pull Request is not mergeable', 'conflict', false],
  ['403 Resource not accessible by integration', 'other', false],
] as const)('%s: %s', (error, kind, waits) => {
  const refusal = readMergeRefusal(error + link)
  expect(refusal.kind).toBe(kind)
  expect(canStillCome(refusal.kind)).toBe(waits)
  expect(refusal.words).not.toMatch(/^\d{3}|https?:|\n/)
  expect(error.replace(/\s+/g, ' ')).toContain(refusal.words.slice(0, 20))
})

test("GitHub's words are quoted, harmless and bounded, with the command that goes on", () => {
  const said = mergeRefused(readMergeRefusal(`405 Blocked by @acme/core, fixes #1 ${'x'.repeat(900)}`))
  expect(said).toMatch(/^Not merged\. GitHub says: “Blocked by /)
  expect(said).toContain('`/merge`')
  expect(said).not.toContain('@acme/core')
  expect(said.length).toBeLessThan(450)
})

test('the wanted way of merging where it is allowed, else one that is', () => {
  expect(chooseMethod('squash', null)).toBe('squash')
  expect(chooseMethod('rebase', ['merge', 'rebase'])).toBe('rebase')
  expect(chooseMethod('squash', ['rebase', 'merge'])).toBe('merge')
  expect(chooseMethod('squash', [])).toBeUndefined()
})
