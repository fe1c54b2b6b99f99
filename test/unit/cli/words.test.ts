import { expect, test } from 'vitest'
import { commandNamed, readWords } from '../../../src/cli/lib/words.ts'

test.each([
  ['queue', ['acme/app#12'], { repository: 'acme/app', on: 12, args: {} }],
  ['queue', ['12'], { on: 12 }],
  ['queue', ['#12', '--json'], { on: 12, json: true }],
  ['queue', ['https://github.com/acme/app/issues/12'], { repository: 'acme/app', on: 12 }],
  ['stop', ['--all'], { args: { all: true } }],
  ['stop', ['acme/app', 'all'], { repository: 'acme/app', args: { all: true } }],
  ['next', ['acme/app', '5'], { repository: 'acme/app', args: { count: 5 } }],
  ['next', ['5'], { args: { count: 5 } }],
  ['spawn-agent', ['--moduleId', 'auth', '--scope', 'Sign in'], { args: { moduleId: 'auth', scope: 'Sign in' } }],
  ['get_work_queue', ['--repository=acme/app', '--limit', '3'], { repository: 'acme/app', args: { limit: 3 } }],
])('tutti run %s %j', async (name, words, expected) => {
  const command = await commandNamed(name)
  expect(command && readWords(command, words)).toMatchObject(expected)
})

test.each([
  ['queue', [], /about one issue/],
  ['queue', ['12', '--bogus'], /bogus/],
  ['queue', ['12', '--on', 'x'], /number/],
  ['next', ['5', '6'], /6/],
  ['stop', ['--repository'], /value/],
])('tutti run %s %j is refused', async (name, words, problem) => {
  const command = await commandNamed(name)
  expect(() => command && readWords(command, words)).toThrow(problem)
})

test('a name with a path in it is no command', async () => {
  expect(await commandNamed('../jobs')).toBeUndefined()
  expect(await commandNamed('registry')).toBeUndefined()
})
