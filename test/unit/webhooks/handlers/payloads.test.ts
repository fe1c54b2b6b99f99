/**
 * What the handlers make of payloads that Probot hands them: what counts, what does not, and that nothing can make the
 * reading fail.
 */

import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { commit, FakeGitHub, person } from '../../../support/fake-github.ts'
import { People } from '../../../support/webhook-people.ts'
import { createReader } from '../../../support/webhook-probot.ts'

const github = new FakeGitHub()
const repository = github.add('acme/app')
const people = new People(github, repository)
const maintainer = person('maintainer')
const issue = people.createIssue(maintainer)
const pull = people.openPull('module/issue-1', commit())

const readDelivery = await createReader(github.app)
const read = ({ event, payload }: { event: string; payload: unknown }) => readDelivery(event, payload)
const kinds = async (hook: { event: string; payload: unknown }) => (await read(hook)).events.map(({ kind }) => kind)

interface Example {
  name: string
  examples: Record<string, unknown>[]
}
// Of its own: other tests of this process may change what they are given.
const published = structuredClone(createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[])

test("GitHub's published examples are read or passed over, none fails", async () => {
  const seen = new Map<string, number>()
  for (const { name, examples } of published) {
    for (const payload of examples) {
      const { events, note } = await readDelivery(name, payload)
      expect(note ?? '', `${name} ${payload.action}`).not.toContain('lacks what is needed')
      for (const { kind } of events) seen.set(kind, (seen.get(kind) ?? 0) + 1)
    }
  }
  expect([...seen.keys()].sort()).toEqual([
    'branch-pushed',
    'check-completed',
    'comment-created',
    'issue-changed',
    'issue-edited',
    'issue-removed',
    'merge-group-requested',
    'pull-request-changed',
    'repositories-added',
    'repositories-removed',
    'repository-changed',
    'review-submitted',
  ])
})

test('payloads that lack what is needed, or hold the wrong thing, are passed over with the place', async () => {
  const whole = people.label(issue.number, 'tutti', maintainer)
  for (const [change, place] of [
    [{ issue: undefined }, ''],
    [{ repository: { id: 'x' } }, 'repository'],
    [{ label: null }, ''],
    [{ issue: { ...(whole.payload.issue as object), state: 'half-open' } }, 'state'],
    [{ issue: { ...(whole.payload.issue as object), number: -1 } }, 'number'],
  ] as const) {
    const { events, note } = await read({ event: 'issues', payload: { ...whole.payload, ...change } })
    expect(events).toEqual([])
    expect(note).toContain('lacks what is needed')
    expect(note).toContain(place)
  }
})

test('our own labels and comments mean nothing; our closing of an issue does', async () => {
  expect(await kinds(people.label(issue.number, 'tutti', github.self))).toEqual([])
  expect(await kinds(people.unlabel(issue.number, 'tutti', github.self))).toEqual([])
  expect(await kinds(people.comment(issue.number, '/queue', github.self))).toEqual([])
  expect(await kinds(people.close(issue.number, github.self))).toEqual(['issue-changed'])
  // A person who calls themselves like the bot is not the bot.
  expect(await kinds(people.comment(issue.number, '/queue', { ...maintainer, login: 'tutti[bot]' }))).toEqual([
    'comment-created',
  ])
})

test('only new comments command', async () => {
  expect(await kinds(people.comment(issue.number, '/queue', maintainer, 'edited'))).toEqual([])
  expect(await kinds(people.comment(issue.number, '/queue', maintainer, 'deleted'))).toEqual([])
})

test('a change of title or text of a pull request is none of its base', async () => {
  const titled = people.changePull(pull.number, 'edited', maintainer, {}, { changes: { title: { from: 'x' } } })
  expect(await kinds(titled)).toEqual([])
  expect(await kinds(people.retarget(pull.number, 'release', maintainer))).toEqual(['pull-request-changed'])
})

test('text keeps everything but NUL, which the database cannot hold', async () => {
  const odd = people.createIssue(maintainer, { title: 'a\0b', body: '\u202e\ud83d\ude80 \0' })
  const [event] = (await read(people.label(odd.number, 'tutti', maintainer))).events
  expect(event).toMatchObject({ issue: { title: 'ab', body: '\u202e\ud83d\ude80 ' } })
})

test('keys that mean something to JavaScript are only keys', async () => {
  const text = JSON.stringify(people.label(issue.number, 'tutti', maintainer).payload)
  const poisoned = JSON.parse(text.replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{}},'))
  expect(await kinds({ event: 'issues', payload: poisoned })).toEqual(['issue-changed'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('names that could reach a path or a URL are refused', async () => {
  const { payload } = people.label(issue.number, 'tutti', maintainer)
  for (const full_name of ['acme', 'acme/app/x', '../app', 'acme/..', 'acme/app?x', 'acme/a b', '']) {
    const named = { ...payload, repository: { ...(payload.repository as object), full_name } }
    expect((await read({ event: 'issues', payload: named })).events, full_name).toEqual([])
  }
})

test('a review without a verdict is read too', async () => {
  const hook = people.review(pull.number, 'commented', maintainer)
  expect(hook.payload.review).toMatchObject({ state: 'commented' })
  expect((await read(hook)).events).toMatchObject([{ kind: 'review-submitted', review: { state: 'commented' } }])
})

test("what GitHub's description allows to be null may be null", async () => {
  const merged = people.mergePull(pull.number, maintainer)
  const open = { ...(merged.payload.pull_request as object), merged: null, merged_at: null }
  expect(await kinds({ event: 'pull_request', payload: { ...merged.payload, pull_request: open } })).toEqual([
    'pull-request-changed',
  ])
  const suite = { id: 5, head_sha: commit(), conclusion: 'success', app: { id: null } }
  const ended = people.hook('check_suite', 'completed', maintainer, { check_suite: suite })
  expect(await kinds(ended)).toEqual(['check-completed'])
})
