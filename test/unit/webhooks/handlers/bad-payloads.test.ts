/** Every event, with every field missing, of another type, out of bounds or unstorable: read or passed over, never a failure. */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { loadWebhookHandlers } from '../../../../src/webhooks/probot-app.ts'
import { FakeGitHub } from '../../../support/fake-github.ts'
import { createReader } from '../../../support/webhook-probot.ts'

const read = await createReader(new FakeGitHub().app)
const published = createRequire(import.meta.url)('@octokit/webhooks-examples') as {
  name: string
  examples: Record<string, unknown>[]
}[]

const bad: unknown[] = [
  undefined,
  null,
  -1,
  2 ** 31,
  1.5,
  1e300,
  true,
  '',
  'a\0b',
  'half \ud83d of it',
  'x'.repeat(5_000),
  [],
  [null],
  {},
]

/** Two events are too new for the published examples: they are made of the parts of another. */
const labeled =
  published.find(({ name }) => name === 'issues')?.examples.find(({ action }) => action === 'labeled') ?? {}
const { issue, repository, sender } = labeled as Record<'issue' | 'repository' | 'sender', Record<string, unknown>>
published.push(
  {
    name: 'sub_issues',
    examples: ['sub_issue_added', 'sub_issue_removed'].map((action) => ({
      ...{ action, repository, sender, parent_issue: issue, sub_issue: issue, sub_issue_repo: repository },
    })),
  },
  {
    name: 'issue_dependencies',
    examples: ['blocked_by_added', 'blocked_by_removed'].map((action) => ({
      ...{ action, repository, sender, blocked_issue: issue, blocking_issue: issue, blocking_issue_repo: repository },
    })),
  },
)

/** Paths of all values, as deep as anything is read. */
function* pathsOf(value: unknown, depth = 4): Generator<string[]> {
  if (typeof value !== 'object' || value === null || depth === 0) return
  for (const [key, inner] of Object.entries(value)) {
    yield [key]
    for (const rest of pathsOf(inner, depth - 1)) yield [key, ...rest]
  }
}

/** Copies what is on the way alone: the rest of a payload is 30 KB, and thousands are made. */
function withValue(payload: object, path: readonly string[], value: unknown): Record<string, unknown> {
  const [key = '', ...rest] = path
  const changed = (Array.isArray(payload) ? [...payload] : { ...payload }) as Record<string, unknown>
  if (rest.length > 0) changed[key] = withValue(changed[key] as object, rest, value)
  else if (value === undefined) delete changed[key]
  else changed[key] = value
  return changed
}

/** What no database could hold, in whatever was made of a payload. */
function unstorable(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed()
  if (typeof value !== 'object' || value === null || value instanceof Date) return false
  return Object.values(value).some(unstorable)
}

const handled = [...(await loadWebhookHandlers()).keys()]
/** The names of what is read; the rest of a payload is links and pictures. */
const names = new Set(readFileSync('src/webhooks/payload-schemas.ts', 'utf8').match(/\b[a-z_]+\b(?=[:,])/g))
for (const name of [
  'action',
  'sender',
  'issue',
  'comment',
  'label',
  'pull_request',
  'review',
  'check_run',
  'check_suite',
])
  names.add(name)
const isRead = (path: string[]) => path.every((key) => names.has(key) || /^\d$/.test(key))

describe.each(handled)('%s', (event) => {
  const examples = published.find(({ name }) => name === event)?.examples ?? []
  const actions = new Map(examples.toReversed().map((example) => [String(example.action), example]))

  test.skipIf(actions.size === 0)('with any field of any action spoilt', async () => {
    let turn = 0
    const next = () => bad[turn++ % bad.length]
    for (const [action, example] of actions) {
      // A payload has hundreds of fields and an event ten actions: each value in its turn, and all of them together.
      for (const path of [...pathsOf(example)].filter(isRead)) {
        const values = path.length === 1 ? bad : [next(), next(), next()]
        for (const value of values) await expectStorable(event, example, { path, value, action })
      }
    }
  })
})

async function expectStorable(
  event: string,
  example: object,
  { path, value, action }: { path: string[]; value: unknown; action: string },
): Promise<void> {
  const { events } = await read(event, withValue(example, path, value))
  const what = `${event}.${action} with ${path.join('.')} = ${JSON.stringify(value)?.slice(0, 40)}`
  expect(unstorable(events), what).toBe(false)
  for (const one of events) if ('issue' in one) expect(one.issue.number, what).toBeLessThan(2 ** 31)
}
