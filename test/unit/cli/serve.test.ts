import { expect, test } from 'vitest'
import { readPart } from '../../../src/cli/serve.ts'

const postgres = { DATABASE_URL: 'postgres://localhost/tutti' }

test('without options a process does everything, on any database', () => {
  expect(readPart({}, {})).toEqual({ role: 'all' })
  expect(readPart({ slots: '4' }, {})).toEqual({ role: 'all', slots: 4 })
})

test('one part of the work, on a Postgres', () => {
  expect(readPart({ only: 'web' }, postgres)).toEqual({ role: 'web' })
  expect(readPart({ only: 'runner', slots: '12' }, postgres)).toEqual({ role: 'runner', slots: 12 })
  expect(readPart({ only: 'runner', labels: 'gpu, Linux' }, postgres)).toEqual({
    role: 'runner',
    labels: ['gpu', 'linux'],
  })
  expect(() => readPart({ only: 'runner' }, {})).toThrow('--only runner needs a Postgres')
})

test.each([
  [{ only: 'runners' }, '--only is "runners"; it must be web or runner'],
  [{ only: 'runner', slots: '0' }, '--slots is "0"; it must be from 1 to 999'],
  [{ only: 'runner', slots: '2.5' }, '--slots is "2.5"'],
  [{ only: 'web', slots: '2' }, '--slots is for processes that have agents'],
  [{ only: 'web', labels: 'gpu' }, '--labels is for processes that have agents'],
  [{ only: 'runner', labels: 'gpu,,linux' }, '--labels has ""'],
  [{ only: 'runner', labels: 'g p u' }, '--labels has "g p u"'],
])('%o is refused', (options, message) => {
  expect(() => readPart(options, postgres)).toThrow(message)
})
