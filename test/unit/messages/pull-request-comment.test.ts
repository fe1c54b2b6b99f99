/** The status comment of a pull request: state, who is asked for what, which reviews count. */

import { expect, test } from 'vitest'
import { type PullRequestCommentView, pullRequestComment } from '../../../src/messages/pull-request-comment.ts'

const [head, older] = ['a'.repeat(40), 'b'.repeat(40)]
const view: PullRequestCommentView = {
  state: 'reviewing',
  reason: '',
  issueNumber: 12,
  headSha: head,
  pullState: 'open',
  mergeRequestedBy: null,
  mergeWhen: 'command',
  approvalsNeeded: 1,
  gates: [{ verdict: 'pass' }],
  protectedAllowed: false,
  verdicts: [],
  agentReview: undefined,
  ci: null,
  attempt: { agent: 'codex', attempt: 2, progress: '' },
  waits: null,
  answers: [],
  reviewersRefused: null,
  reply: null,
  oldReply: null,
}

const asked = '**Asked for**: an approval of `aaaaaaa` by a person with write access, then'
test.each<[Partial<PullRequestCommentView>, string]>([
  [{}, `### Waiting for review\n\n${asked} \`/merge\`.`],
  [{ gates: [{ verdict: 'needs-approval' }] }, `${asked} \`/merge --protected\`.`],
  [{ gates: [{ verdict: 'needs-approval' }], protectedAllowed: true }, `${asked} \`/merge\`.`],
  [{ approvalsNeeded: 2 }, '2 approvals of `aaaaaaa` by people'],
  [{ approvalsNeeded: 0 }, '**Asked for**: `/merge`.'],
  [{ mergeWhen: 'approved' }, 'write access. It merges by itself once it is approved and green.'],
  [{ mergeRequestedBy: 'ann' }, 'ann asked to merge it; it needs an approval of `aaaaaaa`'],
  [{ reason: 'Not merged: the check lint failed.' }, 'Not merged: the check lint failed. **Asked for**'],
  [{ state: 'ready', reason: 'ann asked for changes in #40.' }, 'ann asked for changes in #40. It goes to an agent'],
  [{ state: 'ready', waits: '`#3` changes the same files.' }, '`#3` changes the same files.'],
  [{ state: 'running' }, '**codex** works on it, attempt 2.'],
  [{ state: 'held', reason: 'It failed.' }, 'It failed.\n\n`/retry` tries again'],
  [{ state: 'done', pullState: 'merged', reason: 'Merged in #40.' }, '### Done\n\nMerged in #40.'],
  [{ reply: 'It is fine.' }, '---\nIt is fine.'],
])('%j', (change, expected) => {
  expect(pullRequestComment({ ...view, ...change })).toContain(expected)
})

test('an approval of an older commit is void, and said so', () => {
  const text = pullRequestComment({
    ...view,
    verdicts: [
      { reviewer: 'ann', state: 'approved', sha: older },
      { reviewer: 'bob', state: 'approved', sha: head },
      { reviewer: 'eve', state: 'changes_requested', sha: older },
    ],
  })
  expect(text).toContain(
    '- ann approved `bbbbbbb`, an older commit: this approval no longer counts. Please review `aaaaaaa`.',
  )
  expect(text).toContain('- bob approved `aaaaaaa`.')
  expect(text).toContain('- eve asked for changes in `bbbbbbb`, and has not reviewed `aaaaaaa` yet.')
})
