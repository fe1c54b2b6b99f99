import { describe, expect, test } from 'vitest'
import { rankSentence, reasonsText } from '../../../src/messages/decisions.ts'
import { choose } from '../../../src/scheduler/choose.ts'
import { concurrencyMode } from '../../../src/scheduler/concurrency-mode.ts'
import type { Decision, Reason } from '../../../src/scheduler/decision.ts'
import { dependsOn, item, snapshot } from '../../support/schedule-build.ts'

/** The whole explanation, as `/why` shows it. */
const explain = (decision: Decision) => `${reasonsText(decision)} ${rankSentence(decision)}`

const me = { id: 'o/r#7', repository: 'o/r', number: 7 }
const other = { id: 'o/r#3', repository: 'o/r', number: 3 }
const far = { id: 'o/s#4', repository: 'o/s', number: 4 }
const leverage = { value: 12.345, path: 24, effort: 1, unlocks: 2 }

describe('a reason as a sentence', () => {
  test.each<[Reason, string]>([
    [{ kind: 'state', state: 'asking' }, 'it is waiting for an answer'],
    [
      { kind: 'blocked-outside', reference: 'gpu, linux', state: 'open', sources: ['runner'] },
      'it asks for a runner with `gpu` and `linux`, and none that is up has that',
    ],
    [
      { kind: 'blocked-outside', reference: '', state: 'open', sources: ['runner'] },
      'it asks for no `runner:` label, and every runner that is up is kept for issues that do',
    ],
    [
      { kind: 'blocked', by: far, state: 'running', sources: ['native', 'body'] },
      "it depends on o/s#4, which is being worked on (from GitHub's “blocked by” and a line in the issue)",
    ],
    [
      { kind: 'blocked-outside', reference: 'x/y#1', state: 'open', sources: ['body'] },
      'it depends on x/y#1, which is open (from a line in the issue)',
    ],
    [
      { kind: 'blocked-outside', reference: 'x/y#1', state: 'unknown', sources: ['plan'] },
      'it depends on `x/y#1`, which cannot be read from here (from the plan)',
    ],
    [
      { kind: 'cycle', edges: [dependsOn(7, 3), dependsOn(3, 7)], items: [me, other] },
      'it waits for itself in a circle: #7 waits for #3 (from a line in the issue), #3 waits for #7 (from a line in the issue)',
    ],
    [
      { kind: 'blocked', by: other, state: 'ready', sources: ['epic:o/r#9:body', 'epic:x/y#2:order'] },
      '#9 and x/y#2, which it is a part of, depend on #3, which is waiting for an agent (from a line in the issue and its line in the roadmap)',
    ],
    [
      { kind: 'blocked', by: other, state: 'ready', sources: ['body', 'epic:o/r#9:native'] },
      'it depends on #3, which is waiting for an agent (from a line in the issue)',
    ],
    [
      { kind: 'blocked-outside', reference: 'x/y#1', state: 'unknown', sources: ['epic:o/r#9:command'] },
      '#9, which it is a part of, depends on `x/y#1`, which cannot be read from here (from `/depends`)',
    ],
    [
      {
        kind: 'cycle',
        edges: [{ ...dependsOn(7, 3), source: 'epic:o/r#9:body' }, dependsOn(3, 7)],
        items: [me, other],
      },
      'it waits for itself in a circle: #7 waits for #3 (from a line in the issue of #9, which it is a part of), #3 waits for #7',
    ],
    [
      { kind: 'conflict', with: other, stage: 'running', overlaps: [{ mine: 'src', theirs: 'src/`a`.ts' }] },
      "#3 is being worked on and touches the same files (`src` and `src/'a'.ts`)",
    ],
    [{ kind: 'unknown-footprint', with: other }, 'it is not known yet which files it or #3 touches'],
    [{ kind: 'paused', repository: 'o/r', because: 'release day' }, 'o/r is paused: release day'],
    [{ kind: 'cap', scope: 'total', name: '', limit: 1 }, 'no agent is free (1 of 1 busy)'],
    [
      { kind: 'cap', scope: 'singleton', name: 'codex', limit: 1 },
      'one agent of the kind `codex` may be at work here (`agents.codex.singleton`), and it is busy',
    ],
    [
      { kind: 'cap', scope: 'sequential', name: 'o/r', limit: 1 },
      'o/r works in the mode `sequential`, at most 1 agent at once',
    ],
    [
      { kind: 'memory', needed: 2 ** 31, available: 2 ** 29 },
      'an agent needs 2 GiB of memory and 512 MiB are free for it',
    ],
    [
      { kind: 'budget', scope: 'total', needed: 1_500_000, left: 250_000, limit: 20_000_000, currency: 'USD' },
      'the budget of all repositories for a day (`MAX_SPEND_PER_DAY`, 20.00 USD) has 0.25 USD left and a run is expected to cost 1.50 USD; it is full again at midnight UTC',
    ],
    [
      { kind: 'budget', scope: 'repository', needed: 0, left: 0, limit: 1_000_000, currency: 'EUR' },
      "the repository's budget for a day (`limits.spendPerDay`, 1.00 EUR) has 0.00 EUR left; it is full again at midnight UTC",
    ],
    [
      { kind: 'budget', scope: 'repository', needed: 3_000_000, left: 0, limit: 2_000_000, currency: 'USD' },
      "a run is expected to cost 3.00 USD, more than the repository's budget for a whole day (`limits.spendPerDay`, 2.00 USD); it starts when that is raised",
    ],
    [{ kind: 'outranked', by: [other, far], leverage: [100.4, 50] }, '#3 (100) and o/s#4 (50) come first'],
    [{ kind: 'turn', repository: 'o/s' }, 'it was the turn of o/s'],
    [
      { kind: 'reserved', for: [other], hours: 1.5 },
      'the plan keeps its files or its agent for #3, expected to start in 1.5 hours',
    ],
  ])('%j', (reason, words) => {
    const text = explain({ item: me, action: 'wait', reasons: [reason], leverage })
    expect(text).toContain(words)
    expect(text).toContain(
      'Its leverage is 12.3: 2 items wait for it, 24 weighted hours along the longest remaining path, 1 hour of its own.',
    )
  })
})

test('one reason is a sentence, several are a list, a start says why', () => {
  const items = [item(1), item(2), item(3, { state: 'held' })]
  const [first, ...rest] = choose(snapshot({ items, edges: [dependsOn(2, 1), dependsOn(3, 1)] }))
  expect(first && explain(first)).toMatch(/^#1 starts now: finishing it frees the most work\. /)
  const words = new Map(rest.map((decision) => [decision.item.number, explain(decision)]))
  expect(words.get(2)).toMatch(
    /^#2 waits: it depends on #1, which is waiting for an agent \(from a line in the issue\)\. /,
  )
  expect(words.get(3)).toMatch(/^#3 waits:\n\n- it is held until a person decides\n- it depends on #1/)
})

test('the concurrency mode follows from the number of items that run together', () => {
  const apart = (count: number) => choose(snapshot({ items: Array.from({ length: count }, (_, n) => item(n)) }))
  const together = choose(snapshot({ items: [1, 2, 3].map((n) => item(n, { footprint: ['src'] })) }))
  expect(concurrencyMode(together, 0)).toBe('sequential')
  expect(concurrencyMode(together, 1)).toBe('parallel-async')
  expect(concurrencyMode(apart(4), 0)).toBe('parallel-async')
  expect(concurrencyMode(apart(5), 0)).toBe('parallel-threads')
  expect(concurrencyMode(apart(5), 0, 'o/else')).toBe('sequential')
})
