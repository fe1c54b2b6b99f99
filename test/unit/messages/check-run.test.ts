/** The check run of a commit, and what a held issue shows. */

import { expect, test } from 'vitest'
import { checkRunReport, type Evidence } from '../../../src/messages/check-run.ts'
import { agentOutput, failedLogs, heldChoices } from '../../../src/messages/held.ts'

const gate = {
  gate: 'command',
  verdict: 'fail',
  summary: '**tests** failed',
  log: 'x',
  logDigest: 'ab12',
  milliseconds: 1_500,
} as const

const evidence = (more: Partial<Evidence> = {}): Evidence => ({
  sha: 'c'.repeat(40),
  gates: [{ ...gate }],
  ...{ pictures: [], repository: 'acme/app', publicUrl: undefined },
  agent: 'scripted',
  model: 'large-1',
  sandboxed: false,
  attempts: [
    { attempt: 1, agent: 'scripted', outcome: 'gates failed' },
    { attempt: 2, agent: 'scripted', outcome: null },
  ],
  cost: ['0.12 USD'],
  plan: { touched: 1, unplanned: ['b.ts'], untouched: [] },
  openQuestions: ['Which one?'],
  ...more,
})

test('who made it, with which model, the attempts, the cost, the plan, the questions', () => {
  const { title, summary } = checkRunReport(evidence())
  expect(title).toBe('1 of 1 gate failed')
  for (const part of [
    '| made by | scripted, model large-1, ⚠️ without a sandbox |',
    '| attempts | 1. scripted: gates failed<br>2. scripted: under way |',
    '| cost | 0.12 USD |',
    '| planned files | 1 changed as planned; not in the plan: `b.ts` |',
    '- Which one?',
  ])
    expect(summary).toContain(part)
  expect(checkRunReport(evidence({ agent: 'person', cost: [], plan: null })).summary).toMatch(
    /made by \| a person \|[\s\S]*cost \| not reported/,
  )
})

test('logs show their end, with a digest of all of it, and fit into what GitHub takes', () => {
  const log = `${'first line\n'.repeat(6_000)}the last line`
  const many = Array.from({ length: 10 }, (_, at) => ({ ...gate, gate: `gate-${at}`, log }))
  const { text } = checkRunReport(evidence({ gates: [...many] }))
  expect(text).toContain('`sha256:ab12`')
  expect(text.match(/the last line/g)).toHaveLength(10)
  expect(text.length).toBeLessThan(65_535)
})

test('a held issue shows the end of each failed log, and offers to take the work over where it is on the server', () => {
  expect(failedLogs([{ ...gate, log: `${'a\n'.repeat(5_000)}the end` }])).toMatch(
    /characters before this[\s\S]*the end/,
  )
  const work = {
    branch: 'module/issue-1',
    headSha: 'c'.repeat(40),
    pushed: true,
    draft: { number: 7 },
    critical: false,
  }
  expect(heldChoices(work)).toContain('`git fetch && git switch module/issue-1`')
  expect(heldChoices({ ...work, pushed: false, draft: null })).not.toContain('git switch')
  expect(heldChoices(work)).toContain('`/skip`')
  expect(heldChoices({ ...work, critical: true })).not.toContain('`/skip`')
  expect(heldChoices({ ...work, critical: true })).toContain('`/resume all`')
})

test('an agent that failed shows the end of what it printed', () => {
  expect(agentOutput({ agentLog: `${'a\n'.repeat(5_000)}boom` })).toMatch(
    /what the agent printed[\s\S]*before this[\s\S]*boom/,
  )
  expect(agentOutput({ agentLog: '' })).toBe('')
})
