/** The body of a pull request: what and why first, attempts folded below, the command that merges it. */

import { expect, test } from 'vitest'
import { type PullRequestBodyView, pullRequestBody } from '../../../src/messages/pull-request-body.ts'

const gate = { gate: 'command', verdict: 'pass' as const, summary: 'Passed.', log: '' }
const view: PullRequestBodyView = {
  issueNumber: 12,
  issueTitle: 'Add a clock.',
  issueBody: '## Wish\n\n```sh\nnpm test\n```\n\nThe page has no clock. Fixes #3, says @mallory.\n\nMore.',
  plan: undefined,
  summary: 'Added a clock to the page. Closes #99.',
  model: 'm-1',
  provider: 'OpenAI',
  agent: 'codex',
  attempts: [{ attempt: 1, agent: 'codex', outcome: 'finished', summary: '' }],
  changes: [{ path: 'src/clock.ts', additions: 4, deletions: 1 }],
  ignored: [],
  notes: [],
  gates: [gate],
  pictures: [],
  repository: 'acme/app',
  publicUrl: undefined,
  headSha: 'a'.repeat(40),
  sandboxed: true,
  mergeWhen: 'command',
}

test('says what the change is and why, and closes nothing but its issue', () => {
  const body = pullRequestBody(view)
  expect(body.indexOf('Added a clock')).toBeLessThan(body.indexOf('**Why**'))
  expect(body).toContain('**Why**: #12 asks for “Add a clock”: The page has no clock.')
  expect(body).not.toMatch(/(?:Fixes|Closes) #(?:3|99)\b/)
  expect(body).not.toContain('@mallory')
  expect(body).toContain('**1 file**, +4 −1')
  expect(body).not.toContain('Attempts')
})

test('names the model and the provider, as far as they are known', () => {
  expect(pullRequestBody(view)).toContain('Written by codex (`m-1`, OpenAI)')
  expect(pullRequestBody({ ...view, model: '' })).toContain('Written by codex (OpenAI)')
  expect(pullRequestBody({ ...view, model: '', provider: '' })).toContain('Written by codex. ')
})

test('the plan and several attempts are folded, below the change', () => {
  const attempts = [
    { attempt: 1, agent: 'codex', outcome: 'gates failed', summary: 'A test fails.' },
    { attempt: 2, agent: 'codex', outcome: 'finished', summary: 'Mended.' },
    { attempt: 3, agent: 'person', outcome: null, summary: '' },
  ]
  const body = pullRequestBody({ ...view, attempts, plan: '1. Draw it.' })
  expect(body).toContain('<details><summary>The plan</summary>\n\n1. Draw it.')
  expect(body).toContain(
    '1. **codex**: gates failed. A test fails.\n2. **codex**: finished. Mended.\n3. A person pushed',
  )
  expect(body.indexOf('src/clock.ts')).toBeLessThan(body.indexOf('Attempts: 3'))
})

test.each([
  ['command', 'pass', 'Approve it, then say `/merge`.'],
  ['command', 'needs-approval', 'Approve it, then say `/merge --protected`.'],
  ['approved', 'pass', 'It merges once it is approved and green.'],
  ['approved', 'needs-approval', 'Approve it, then say `/merge --protected`: protected paths'],
] as const)('merge when %s and %s: %s', (mergeWhen, verdict, expected) => {
  expect(pullRequestBody({ ...view, mergeWhen, gates: [{ ...gate, verdict }] })).toContain(expected)
})

test.each([
  ['', 'asks for “Add a clock”.'],
  ['```\nonly code\n```', 'asks for “Add a clock”.'],
  ['<!-- template -->\n\nReal text.', '“Add a clock”: Real text.'],
])('the first paragraph of %j', (issueBody, expected) => {
  expect(pullRequestBody({ ...view, issueBody })).toContain(expected)
})

test('says what the checkouts lacked', () => {
  expect(pullRequestBody(view)).not.toContain('> ')
  const notes = ['The submodule `lib` is on another server: its folder is empty here.']
  expect(pullRequestBody({ ...view, notes })).toContain(`\n> ${notes[0]}\n`)
})
