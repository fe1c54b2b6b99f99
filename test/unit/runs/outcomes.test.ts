/** How the outcome of an agent becomes the ending of an attempt. */

import { expect, test } from 'vitest'
import type { AgentOutcome } from '../../../src/agents/drivers/agent-run.ts'
import { cutShort, doneDespiteCost, failureOf } from '../../../src/runs/outcomes.ts'

const failed = (problem: 'billing' | 'model' | 'outage' | 'request', message: string): AgentOutcome => ({
  kind: 'provider-failed',
  problem,
  message,
})

test.each([
  [failed('billing', 'Quota exceeded.'), 'out of credit', '“Quota exceeded.”'],
  [failed('model', 'the model x is not offered'), 'model not offered', 'the model x is not offered'],
  [failed('outage', 'High demand.'), 'provider outage', '“High demand.”'],
  [failed('request', '400'), 'request rejected', '“400”'],
  [{ kind: 'unfinished', message: 'it stopped' } as const, 'unfinished turn', 'did not finish: it stopped'],
])('%o ends as one outcome, in the words of the provider', (outcome, expected, words) => {
  expect(failureOf(outcome)).toMatchObject({ outcome: expected, summary: expect.stringContaining(words) })
})

test('a turn that a limit has cut off is said; one that the agent has ended is not', () => {
  const ended = (stopReason: string): AgentOutcome => ({ kind: 'finished', stopReason, summary: '' })
  expect(cutShort(ended('max_tokens'))).toEqual([expect.stringContaining('token limit')])
  expect(cutShort(ended('max_turn_requests'))).toEqual([expect.stringContaining('limit of requests')])
  expect(cutShort(ended('end_turn'))).toEqual([])
})

test('work that was finished when its cost came in is taken; work that was stopped is not', () => {
  const reason = { cost: { millionths: 2_500_000, currency: 'USD' }, limit: 2_000_000 }
  expect(doneDespiteCost({ kind: 'stopped', finished: 'All done.' }, reason)).toEqual({
    outcome: { kind: 'finished', stopReason: 'end_turn', summary: 'All done.' },
    note: expect.stringContaining('cost of 2.50 USD'),
  })
  expect(doneDespiteCost({ kind: 'stopped' }, reason)).toBeUndefined()
  expect(doneDespiteCost({ kind: 'stopped', finished: 'All done.' }, 'asked')).toBeUndefined()
})
