/** What an agent's error means, from the errors that the real programs were seen to report. */

import { RequestError } from '@agentclientprotocol/sdk'
import { describe, expect, it, test } from 'vitest'
import { secretValues } from '../../../src/agents/drivers/environment.ts'
import { outcomeOfError, outcomeOfMeta, redactOutcome } from '../../../src/agents/drivers/failure.ts'
import { redactor } from '../../../src/lib/sanitise.ts'

const now = Date.parse('2026-11-21T12:00:00Z')
const read = (error: unknown) => outcomeOfError(error, { install: 'install it', now })
const internal = (data: unknown, message = 'boom') => new RequestError(-32603, message, data)

describe("what an agent's error means", () => {
  it.each([
    ['the code for it', RequestError.authRequired()],
    ['claude-agent-acp, key refused', internal({ errorKind: 'authentication_failed' })],
    ['Gemini, key refused', new RequestError(400, 'API key not valid. Please pass a valid API key.')],
    ['OpenCode, key refused', internal({ errorName: 'APIError' }, 'Internal error: Incorrect API key provided: k.')],
    ['codex-acp', internal({ codexErrorInfo: 'unauthorized' })],
  ])('needs a login: %s', (_name, error) => {
    expect(read(error)).toMatchObject({ kind: 'needs-login', install: 'install it' })
  })

  it.each<[string, RequestError, string | undefined]>([
    ['claude-agent-acp', internal({ errorKind: 'rate_limit' }), undefined],
    [
      'Gemini, free',
      new RequestError(
        429,
        'You exceeded your current quota, please check your plan and billing details. Please retry in 34.2s.',
      ),
      '2026-11-21T12:00:34.200Z',
    ],
    ['codex-acp', internal({ codexErrorInfo: 'usageLimitExceeded' }), undefined],
    ['codex-acp over HTTP', internal({ codexErrorInfo: { httpConnectionFailed: { httpStatusCode: 429 } } }), undefined],
    ['gemini', new RequestError(429, 'Rate limit exceeded. Try again later.'), undefined],
    ['a number at the end', internal(undefined, `usage limit reached|${now / 1000 + 60}`), '2026-11-21T12:01:00.000Z'],
    ['a time', internal(undefined, 'Too many requests until 2026-11-21T14:00:00Z.'), '2026-11-21T14:00:00.000Z'],
    ['words', internal(undefined, 'rate limited, try again in 20 minutes'), '2026-11-21T12:20:00.000Z'],
    ['a field', internal({ errorKind: 'rate_limit', resetsAt: now / 1000 + 5 }), '2026-11-21T12:00:05.000Z'],
    ['a time long gone', internal(undefined, 'quota exceeded|1000000000'), undefined],
    ['a time too far away', internal({ errorKind: 'rate_limit', retryAfter: 1e9 }), undefined],
  ])('is a limit: %s', (_name, error, resetAt) => {
    const outcome = read(error)
    expect(outcome.kind).toBe('rate-limited')
    expect('resetAt' in outcome ? outcome.resetAt : undefined).toBe(resetAt)
  })

  it.each<[string, RequestError, string]>([
    ['claude-agent-acp, unpaid', internal({ errorKind: 'billing_error' }), 'billing'],
    [
      'OpenAI, no credit',
      internal({}, 'You exceeded your current quota, please check your plan and billing details.'),
      'billing',
    ],
    [
      'OpenCode, no credit',
      internal({ errorName: 'APIError' }, 'Internal error: You exceeded your current quota.'),
      'billing',
    ],
    ['Anthropic, no credit', internal({}, 'Your credit balance is too low to access the Anthropic API.'), 'billing'],
    ['overloaded', internal({ errorKind: 'overloaded' }), 'outage'],
    ['Gemini, 503', new RequestError(503, 'The model is overloaded.'), 'outage'],
    ['OpenCode, 500', internal({ errorName: 'APIError' }, 'Internal error: The server had an error'), 'outage'],
    [
      'OpenCode, a connection that ended',
      internal({}, 'Internal error: Cannot connect to API: The socket connection was closed unexpectedly.'),
      'outage',
    ],
    ['no network', internal({}, 'Unable to connect. Is the computer able to access the url?'), 'outage'],
    [
      'codex, no connection',
      internal({ codexErrorInfo: { httpConnectionFailed: { httpStatusCode: null } } }),
      'outage',
    ],
    [
      'a model that is gone',
      internal({}, 'The model `gpt-9` does not exist or you do not have access to it.'),
      'model',
    ],
    ['too long', internal({}, '400: prompt is too long: 210000 tokens > 200000 maximum'), 'request'],
    ['codex, refused', internal({ codexErrorInfo: 'badRequest' }), 'request'],
  ])("is the provider's: %s", (_name, error, problem) => {
    expect(read(error)).toMatchObject({ kind: 'provider-failed', problem })
  })

  it("is read from the operator's own patterns first", () => {
    const error = internal({}, 'Tageskontingent aufgebraucht (500)')
    const patterns = { limit: ['tageskontingent'], billing: ['guthaben'] }
    expect(outcomeOfError(error, { install: '', now, patterns }).kind).toBe('rate-limited')
    expect(read(error)).toMatchObject({ problem: 'outage' })
  })

  it('is an error otherwise, with what it says', () => {
    expect(read(internal({ details: 'disk is on fire' }))).toEqual({
      kind: 'protocol-error',
      reason: 'agent-error',
      message: 'boom: disk is on fire',
    })
    expect(read(internal({ issue: 4290 }, 'error in line 14290'))).toMatchObject({ kind: 'protocol-error' })
    expect(read('text')).toMatchObject({ kind: 'protocol-error', message: 'text' })
  })
})

/** As codex-acp 2.6.0 answered `session/prompt` here, with `stopReason: end_turn`. */
const meta = (category: string, title: string, severity = 'error') => ({
  quota: { token_count: null },
  jetbrains: {
    air: { version: 1, sessionFailure: { id: 'x:error', revision: 6, category, severity, title, actions: [] } },
  },
})

describe('a failure in the answer that ends a turn', () => {
  it.each<[string, string, object]>([
    ['service', 'We’re currently experiencing high demand, which may cause temporary errors.', { problem: 'outage' }],
    ['limit', 'Quota exceeded. Check your plan and billing details.', { problem: 'billing' }],
    ['limit', 'exceeded retry limit, last status: 429 Too Many Requests', { kind: 'rate-limited' }],
    ['access', 'Sign in to continue using Claude.', { kind: 'needs-login' }],
    ['connection', 'Connection to Codex was lost.', { problem: 'outage' }],
    ['request', 'Claude could not process this request.', { problem: 'request' }],
    ['unknown', 'Something else.', { problem: 'outage' }],
  ])('%s: %s', (category, title, expected) => {
    expect(outcomeOfMeta(meta(category, title), { install: '', now })).toMatchObject({ ...expected, message: title })
  })

  it('is none where there is only a warning, or nothing', () => {
    expect(outcomeOfMeta(meta('connection', 'Reconnecting... 2/5', 'warning'), { install: '', now })).toBeUndefined()
    for (const other of [undefined, {}, { jetbrains: 3 }, { jetbrains: { air: { sessionFailure: 'x' } } }])
      expect(outcomeOfMeta(other, { install: '', now })).toBeUndefined()
  })
})

test('a key that a provider quotes is taken out of the outcome', () => {
  const outcome = read(internal({}, 'Incorrect API key provided: sk-not-a-real-key.'))
  const hidden = secretValues({ OPENAI_API_KEY: 'sk-not-a-real-key', LANG: 'C.UTF-8-long' })
  expect(hidden).toEqual(['sk-not-a-real-key'])
  expect(
    redactOutcome(
      outcome,
      redactor(() => hidden),
    ),
  ).toMatchObject({
    kind: 'needs-login',
    message: 'Incorrect API key provided: [redacted].',
  })
})
