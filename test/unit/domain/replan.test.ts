import { expect, test } from 'vitest'
import { countedSince, type PastAttempt, replanHandoff } from '../../../src/domain/replan.ts'

const failed = (changes: Partial<PastAttempt> = {}): PastAttempt => ({
  attempt: 2,
  agent: 'codex',
  outcome: 'gates failed',
  signature: 'a',
  progress: 'Step 2 of 3: write it',
  summary: 'The gates failed.',
  lesson: 'The gate "tests" failed: 1 of 3.',
  ...changes,
})
const gates = [
  { gate: 'changes', verdict: 'pass', summary: 'One file.' },
  { gate: 'command', verdict: 'fail', summary: 'tests failed' },
]

test('the planner gets the reason, what works, the failed step, the error and a suggestion', () => {
  expect(replanHandoff('all 4 attempts are used up', [failed(), failed()], gates)).toEqual({
    reason: 'all 4 attempts are used up',
    completed: ['changes: One file.'],
    failedStep: 'command',
    error: 'The gate "tests" failed: 1 of 3.',
    suggestion: expect.stringContaining('Every attempt met the same failure'),
  })
})

test('without gates the step is where the agent was; different failures ask for smaller steps', () => {
  const { failedStep, suggestion } = replanHandoff('x', [failed({ signature: 'b' }), failed()], [])
  expect(failedStep).toBe('attempt 2 by codex ended with gates failed, at: Step 2 of 3: write it')
  expect(suggestion).toContain('smaller steps')
  expect(replanHandoff('x', [failed({ outcome: 'out of time' })], []).suggestion).toContain('Take it apart')
})

test("a person's text is the suggestion, and a long error keeps its end", () => {
  const handoff = replanHandoff('x', [failed({ lesson: `${'a'.repeat(20_000)}end` })], [], 'Use the old client.')
  expect(handoff.suggestion).toBe('Use the old client.')
  expect(handoff.error.length).toBe(6_001)
  expect(handoff.error.endsWith('end')).toBe(true)
  expect(replanHandoff('x', [], []).failedStep).toBe('No attempt was made yet.')
})

test('attempts count since the later of a /retry and the other plan', () => {
  expect(countedSince({ freshSince: null, replannedSince: null })).toBe(0)
  expect(countedSince({ freshSince: 3, replannedSince: 7 })).toBe(7)
  expect(countedSince({ freshSince: 9, replannedSince: 7 })).toBe(9)
})
