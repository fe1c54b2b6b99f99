import { describe, expect, it } from 'vitest'
import { commitMessage, commitSubject, mergeMessage, quietCommitText } from '../../../src/domain/commit-message.ts'

/** As GitHub documents them, for issues of this repository, of another one, by address and by the old short form. */
const closes = /\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):?\s+(?:[\w.-]+\/[\w.-]+)?(?:#|GH-|https?:)/i
const skipsCi = /\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\]|\*\*\*NO_CI\*\*\*|^skip-checks:/im

describe('a subject made from a title', () => {
  it.each([
    ['Regression after fixes #1: empty list', 'Regression after fixes issue 1: empty list'],
    ['Closes: #12', 'Closes: issue 12'],
    ['RESOLVED acme/app#3 again', 'RESOLVED acme/app issue 3 again'],
    ['fix https://github.com/acme/app/issues/4', 'fix acme/app issue 4'],
    ['fixed GH-5', 'fixed issue 5'],
    ['Do it [skip ci]', 'Do it (skip ci)'],
    ['[CI Skip] Do it', '(CI Skip) Do it'],
    ['Do it [no ci] [skip-ci] [skip actions] [actions skip]', 'Do it (no ci) (skip-ci) (skip actions) (actions skip)'],
    ['Do ***NO_CI*** it', 'Do (no CI) it'],
    ['  Two\nlines\u0000 here ', 'Two lines here'],
  ])('%j is %j', (title, subject) => {
    expect(commitSubject(title)).toBe(subject)
    expect(commitSubject(title)).not.toMatch(closes)
    expect(commitSubject(title)).not.toMatch(skipsCi)
  })

  it.each(['Say hello', 'Follow-up of #12', 'Prefix #3', 'Fix the list [wip]', 'feat(api): fixes for 12 users'])(
    '%j stays',
    (title) => {
      expect(commitSubject(title)).toBe(title)
    },
  )

  it('is bounded', () => {
    expect(commitSubject('x'.repeat(1_000))).toHaveLength(200)
  })
})

describe('a message', () => {
  const bot = { name: 'tutti[bot]', email: '7+tutti[bot]@users.noreply.github.com' }

  it('of a commit names issue, attempt and agent, and is signed off where that is asked', () => {
    const work = { title: 'Fixes #1 [skip ci]', issueNumber: 2, attempt: 3, agent: 'Aria\n(codex)' }
    expect(commitMessage(work)).toBe('Fixes issue 1 (skip ci)\n\nIssue: #2\nAttempt: 3\nAgent: Aria (codex)')
    expect(commitMessage(work, bot)).toBe(
      'Fixes issue 1 (skip ci)\n\nIssue: #2\nAttempt: 3\nAgent: Aria (codex)\nSigned-off-by: tutti[bot] <7+tutti[bot]@users.noreply.github.com>',
    )
  })

  it('of a merge closes nothing by its title', () => {
    const work = { title: 'Regression after fixes #1', issueNumber: 2, pullNumber: 3, approvedBy: ['ann', 'bo'] }
    expect(mergeMessage(work)).toEqual({
      subject: 'Regression after fixes issue 1 (#3)',
      body: 'Issue: #2\nApproved by: ann, bo',
    })
  })

  it('of a trailer that skips checks is taken apart', () => {
    expect(quietCommitText('Title\n\nskip-checks: true')).toBe('Title\n\nskip-checks true')
  })
})
