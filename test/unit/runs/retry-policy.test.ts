import { expect, test } from 'vitest'
import {
  type AttemptHistory,
  blamelessLoss,
  classify,
  countsAsAttempt,
  nextRetryStep,
} from '../../../src/runs/retry-policy.ts'

const settings = { retries: 3, retryDelayMs: 5_000, escalationThreshold: 10 }
const failed = (signature: string, failureClass = 'code-error'): AttemptHistory => ({
  outcome: 'gates failed',
  failureClass,
  signature,
  countsAsAttempt: failureClass !== 'infrastructure' && failureClass !== 'rate-limit',
})

test.each([
  ['the first failure is tried again with context', [failed('a')], 'retry'],
  ['another failure too', [failed('a'), failed('b')], 'retry'],
  ['the same failure three times running skips a rung', [failed('a'), failed('a'), failed('a')], 'fresh agent'],
  ['the last attempt goes to a fresh agent', [failed('a'), failed('b'), failed('c')], 'fresh agent'],
  ['after all attempts a person is asked', [failed('a'), failed('b'), failed('c'), failed('d')], 'escalate'],
])('%s', (_, history, expected) => {
  expect(nextRetryStep('code-error', history, settings).kind).toBe(expected)
})

test('a fresh agent that meets the very same failure is the last, whatever attempts are left', () => {
  const history = [failed('a'), failed('a'), failed('a'), failed('a')]
  expect(nextRetryStep('code-error', history, { ...settings, retries: 9 }).kind).toBe('escalate')
})

test('without retries the first failure asks a person', () => {
  expect(nextRetryStep('code-error', [failed('a')], { ...settings, retries: 0 }).kind).toBe('escalate')
})

test('failures of the machine never burn an attempt, and are waited out longer and longer', () => {
  const down = Array.from({ length: 4 }, () => failed('disk', 'infrastructure'))
  const first = nextRetryStep('infrastructure', down.slice(0, 1), settings)
  const fourth = nextRetryStep('infrastructure', down, settings)
  expect(first).toMatchObject({ kind: 'retry', afterMs: 0 })
  expect(fourth).toMatchObject({ kind: 'retry', afterMs: 20_000 })
  expect(countsAsAttempt('infrastructure')).toBe(false)
  // Six failures of the machine between two of the work: the work has failed twice, not eight times.
  const mixed = [failed('a'), ...down, ...down.slice(0, 2), failed('b')]
  expect(nextRetryStep('code-error', mixed, settings).kind).toBe('retry')
})

test('the machine failing ten times in a row asks a person', () => {
  const down = Array.from({ length: 10 }, () => failed('disk', 'infrastructure'))
  expect(nextRetryStep('infrastructure', down, settings).kind).toBe('escalate')
})

test('restarts, and a process that ended with several runs, are held against none of them', () => {
  const restarts = Array.from({ length: 30 }, () => failed(blamelessLoss, 'infrastructure'))
  expect(nextRetryStep('infrastructure', restarts, settings)).toMatchObject({ kind: 'retry', afterMs: 0 })
  const alone = Array.from({ length: 9 }, () => failed('', 'infrastructure'))
  expect(nextRetryStep('infrastructure', [...alone, ...restarts], settings).kind).toBe('retry')
  expect(nextRetryStep('infrastructure', [...alone, ...restarts, failed('', 'infrastructure')], settings).kind).toBe(
    'escalate',
  )
})

test('a rate limit is waited out until it resets', () => {
  const at = new Date(Date.now() + 60_000)
  expect(nextRetryStep('rate-limit', [failed('limit', 'rate-limit')], settings, at)).toMatchObject({
    kind: 'hold until',
    at,
  })
})

test.each([
  ['agent not installed', 'escalate'],
  ['refused the task', 'escalate'],
  ['secret in the change', 'halt'],
] as const)('%s: %s', (outcome, expected) => {
  const failure = classify(outcome)
  expect(failure && nextRetryStep(failure, [failed('x', failure)], settings).kind).toBe(expected)
})

test('a plan that cannot be used is tried once more, then a person is asked; what builds is counted apart', () => {
  const nothing: AttemptHistory = {
    outcome: 'no plan',
    failureClass: 'code-error',
    signature: 'no plan',
    countsAsAttempt: true,
  }
  const lost = failed('disk', 'infrastructure')
  expect(nextRetryStep('code-error', [nothing], settings).kind).toBe('retry')
  expect(nextRetryStep('code-error', [nothing, nothing], settings).kind).toBe('escalate')
  expect(nextRetryStep('code-error', [nothing, lost, nothing], settings).kind).toBe('escalate')
  expect(nextRetryStep('code-error', [nothing, failed('a'), nothing], settings).kind).not.toBe('escalate')
  expect(classify('agent cannot plan')).toBe('blocker')
  expect(classify('planned')).toBeUndefined()
})

test('an outage of the provider is waited out, however long it lasts, and costs no attempt', () => {
  const outage = { outcome: 'provider outage', failureClass: 'infrastructure', signature: 'x', countsAsAttempt: false }
  const seconds = (times: number) => {
    const step = nextRetryStep(
      'infrastructure',
      Array.from({ length: times }, () => outage),
      settings,
    )
    return step.kind === 'hold until' ? Math.round((step.at.getTime() - Date.now()) / 1_000) : step.kind
  }
  expect([seconds(1), seconds(2), seconds(60)]).toEqual([10, 20, 600])
  expect(countsAsAttempt('infrastructure')).toBe(false)
})

test('a full disk is waited out, however long it lasts, costs no attempt, and does not make later failures worse', () => {
  const full = { outcome: 'disk full', failureClass: 'infrastructure', signature: null, countsAsAttempt: false }
  const lost = { outcome: 'workspace failed', failureClass: 'infrastructure', signature: 'x', countsAsAttempt: false }
  const many = Array.from({ length: 60 }, () => full)
  expect(classify('disk full')).toBe('infrastructure')
  const step = nextRetryStep('infrastructure', many, settings)
  expect(step).toMatchObject({ kind: 'hold until', why: 'there may be room on the disk then' })
  expect(step.kind === 'hold until' && step.at.getTime() - Date.now()).toBeLessThanOrEqual(600_000)
  expect(nextRetryStep('infrastructure', [...many, lost], settings)).toMatchObject({ kind: 'retry', afterMs: 0 })
})

test.each([
  ['out of credit', 'escalate'],
  ['model not offered', 'escalate'],
  ['agent not logged in', 'escalate'],
  ['request rejected', 'retry'],
  ['unfinished turn', 'retry'],
] as const)('after "%s" comes: %s', (outcome, expected) => {
  const failure = classify(outcome)
  if (!failure) throw new Error('no failure')
  const past = { outcome, failureClass: failure, signature: outcome, countsAsAttempt: countsAsAttempt(failure) }
  expect(nextRetryStep(failure, [past], settings).kind).toBe(expected)
})

/** The rest of the ladder: other kinds of agent, and planning again. */
const by = (agent: string, signature: string, outcome = 'gates failed'): AttemptHistory => ({
  outcome,
  failureClass: classify(outcome as 'gates failed') ?? null,
  signature,
  countsAsAttempt: countsAsAttempt(classify(outcome as 'gates failed') ?? 'code-error'),
  agent,
})
const ladder = { ...settings, otherAgents: ['gemini', 'opencode'], mayReplan: true }
const three = [by('codex', 'a'), by('codex', 'a'), by('codex', 'a')]
const used = [by('codex', 'a'), by('codex', 'b'), by('codex', 'c'), by('gemini', 'd')]

test.each<[string, AttemptHistory[], Partial<typeof ladder>, object]>([
  ['the same failure three times: a kind that has not tried it', three, {}, { kind: 'fresh agent', agent: 'gemini' }],
  ['no other kind allowed: the same one, fresh', three, { otherAgents: [] }, { kind: 'fresh agent' }],
  ['the fresh agent fails the same way: planned again', [...three, by('gemini', 'a')], {}, { kind: 'replan' }],
  ['attempts used up: planned again', used, {}, { kind: 'replan' }],
  ['planned again before: a person', used, { mayReplan: false }, { kind: 'escalate' }],
  ['one attempt only: a person', [by('codex', 'a')], { retries: 0 }, { kind: 'escalate' }],
  ['a crash is no flaw of the plan', Array(4).fill(by('codex', 'x', 'crashed')), { retries: 3 }, { kind: 'escalate' }],
  ['a refused task is planned again', [by('codex', 'r', 'refused the task')], {}, { kind: 'replan' }],
  ['out of quota: another kind', [by('codex', '', 'rate limited')], {}, { kind: 'take over', agent: 'gemini' }],
  ['not installed: another kind', [by('codex', '', 'agent not installed')], {}, { kind: 'take over', agent: 'gemini' }],
  [
    'both out of quota: the third',
    [by('codex', '', 'rate limited'), by('gemini', '', 'rate limited')],
    { otherAgents: ['codex', 'opencode'] },
    { kind: 'take over', agent: 'opencode' },
  ],
  [
    'all out of quota: wait',
    [by('codex', '', 'rate limited'), by('gemini', '', 'rate limited')],
    { otherAgents: ['codex'] },
    { kind: 'hold until' },
  ],
  ['out of credit: another kind', [by('codex', '', 'out of credit')], {}, { kind: 'take over', agent: 'gemini' }],
  ['a model that is not offered', [by('codex', '', 'model not offered')], {}, { kind: 'take over', agent: 'gemini' }],
  ['an outage that may be short is waited out', [by('codex', '', 'provider outage')], {}, { kind: 'hold until' }],
  [
    'an outage that lasts: another kind',
    [by('codex', '', 'provider outage'), by('codex', '', 'provider outage')],
    {},
    { kind: 'take over', agent: 'gemini' },
  ],
  ['another blocker is no matter of the kind', [by('codex', '', 'base branch gone')], {}, { kind: 'escalate' }],
  ['a secret halts, whatever else could be tried', [by('codex', '', 'secret in the change')], {}, { kind: 'halt' }],
])('%s', (_, history, more, expected) => {
  const failure = history.at(-1)?.failureClass as Parameters<typeof nextRetryStep>[0]
  const step = nextRetryStep(failure, history, { ...ladder, ...more })
  expect(step).toMatchObject(expected)
  if (!('agent' in expected)) expect(step).not.toHaveProperty('agent')
})

test('an agent that crashes starts again later and later; a failure of the work does not wait', () => {
  const crash = by('codex', 'x', 'crashed')
  const wait = (history: AttemptHistory[], failure: 'transient' | 'code-error') =>
    nextRetryStep(failure, history, { ...settings, retries: 9 })
  expect(wait([crash], 'transient')).toMatchObject({ kind: 'retry', afterMs: 5_000 })
  expect(wait([crash, { ...crash, signature: 'y' }], 'transient')).toMatchObject({ kind: 'retry', afterMs: 10_000 })
  expect(wait([by('codex', 'a'), by('codex', 'b')], 'code-error')).toMatchObject({ kind: 'retry', afterMs: 5_000 })
})

test('a run that a limit of the day has ended goes on the next day, by the same agent, and costs no attempt', () => {
  const at = new Date('2026-11-22T00:00:00Z')
  expect(classify('over the limit of a day')).toBe('rate-limit')
  expect(countsAsAttempt('rate-limit')).toBe(false)
  const past = { ...failed('x'), outcome: 'over the limit of a day', failureClass: 'rate-limit', agent: 'codex' }
  const step = nextRetryStep('rate-limit', [past], { ...settings, otherAgents: ['gemini'] }, at)
  expect(step).toEqual({ kind: 'hold until', at, why: 'the next day begins then' })
})
