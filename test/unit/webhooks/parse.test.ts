/** Payloads become facts: what counts, what does not, and that nothing can make the reading fail. */

import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { parseDelivery } from '../../../src/webhooks/parse.ts'
import { commit, FakeGitHub, person } from '../../support/fake-github.ts'
import { People } from '../../support/webhook-people.ts'

const github = new FakeGitHub()
const repository = github.add('acme/app')
const people = new People(github, repository)
const maintainer = person('maintainer')
const issue = people.createIssue(maintainer)
const pull = people.openPull('module/issue-1', commit())

const read = ({ event, payload }: { event: string; payload: unknown }) => parseDelivery(event, payload, github.app)
const kinds = (hook: { event: string; payload: unknown }) => read(hook).facts.map((fact) => fact.kind)

interface Example {
  name: string
  examples: Record<string, unknown>[]
}
const published = createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[]

test("GitHub's published examples are read or passed over, none fails", () => {
  const seen = new Map<string, number>()
  for (const { name, examples } of published) {
    for (const payload of examples) {
      const { facts, note } = parseDelivery(name, payload, github.app)
      if (facts.length === 0) expect(note, name).toBeTruthy()
      expect(note ?? '', `${name} ${payload.action}`).not.toContain('lacks what is needed')
      for (const fact of facts) seen.set(fact.kind, (seen.get(fact.kind) ?? 0) + 1)
    }
  }
  expect([...seen.keys()].sort()).toEqual([
    'branch-pushed',
    'check-completed',
    'comment-created',
    'issue-changed',
    'issue-edited',
    'issue-removed',
    'pull-request-changed',
    'repositories-added',
    'repositories-removed',
    'repository-changed',
    'review-submitted',
  ])
})

test('unknown events and actions mean nothing, and say so', () => {
  expect(parseDelivery('star', { action: 'created' }, github.app)).toEqual({
    facts: [],
    note: 'the event star means nothing here',
  })
  expect(parseDelivery('constructor', {}, github.app).facts).toEqual([])
  expect(read(people.hook('issues', 'pinned', maintainer, {})).note).toBe('issues pinned means nothing here')
})

test('payloads that lack what is needed, or hold the wrong thing, are passed over with the place', () => {
  const whole = people.label(issue.number, 'tutti', maintainer)
  for (const [change, place] of [
    [{ issue: undefined }, ''],
    [{ repository: { id: 'x' } }, 'repository'],
    [{ label: null }, ''],
    [{ issue: { ...(whole.payload.issue as object), state: 'half-open' } }, 'state'],
    [{ issue: { ...(whole.payload.issue as object), number: -1 } }, 'number'],
  ] as const) {
    const { facts, note } = read({ event: 'issues', payload: { ...whole.payload, ...change } })
    expect(facts).toEqual([])
    expect(note).toContain('lacks what is needed')
    expect(note).toContain(place)
  }
  for (const payload of [null, [], 'x', 7]) expect(parseDelivery('issues', payload, github.app).facts).toEqual([])
})

test('our own labels and comments are no facts; our closing of an issue is', () => {
  expect(kinds(people.label(issue.number, 'tutti', github.self))).toEqual([])
  expect(kinds(people.unlabel(issue.number, 'tutti', github.self))).toEqual([])
  expect(kinds(people.comment(issue.number, '/queue', github.self))).toEqual([])
  expect(kinds(people.close(issue.number, github.self))).toEqual(['issue-changed'])
  // A person who calls themselves like the bot is not the bot.
  expect(kinds(people.comment(issue.number, '/queue', { ...maintainer, login: 'tutti[bot]' }))).toEqual([
    'comment-created',
  ])
})

test('only new comments command', () => {
  expect(kinds(people.comment(issue.number, '/queue', maintainer, 'edited'))).toEqual([])
  expect(kinds(people.comment(issue.number, '/queue', maintainer, 'deleted'))).toEqual([])
})

test('a change of title or text of a pull request is none of its base', () => {
  const titled = people.changePull(pull.number, 'edited', maintainer, {}, { changes: { title: { from: 'x' } } })
  expect(kinds(titled)).toEqual([])
  expect(kinds(people.retarget(pull.number, 'release', maintainer))).toEqual(['pull-request-changed'])
})

test('text keeps everything but NUL, which the database cannot hold', () => {
  const odd = people.createIssue(maintainer, { title: 'a\0b', body: '\u202e\ud83d\ude80 \0' })
  const [fact] = read(people.label(odd.number, 'tutti', maintainer)).facts
  expect(fact).toMatchObject({ issue: { title: 'ab', body: '\u202e\ud83d\ude80 ' } })
})

test('keys that mean something to JavaScript are only keys', () => {
  const text = JSON.stringify(people.label(issue.number, 'tutti', maintainer).payload)
  const poisoned = JSON.parse(text.replace('{', '{"__proto__":{"polluted":true},"constructor":{"prototype":{}},'))
  expect(kinds({ event: 'issues', payload: poisoned })).toEqual(['issue-changed'])
  expect(({} as Record<string, unknown>).polluted).toBeUndefined()
})

test('names that could reach a path or a URL are refused', () => {
  const { payload } = people.label(issue.number, 'tutti', maintainer)
  for (const full_name of ['acme', 'acme/app/x', '../app', 'acme/..', 'acme/app?x', 'acme/a b', '']) {
    const named = { ...payload, repository: { ...(payload.repository as object), full_name } }
    expect(read({ event: 'issues', payload: named }).facts, full_name).toEqual([])
  }
})
