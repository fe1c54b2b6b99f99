import { expect, test } from 'vitest'
import { dependenciesIn } from '../../../src/domain/dependency-lines.ts'

const in_ = (body: string) =>
  dependenciesIn(body, 'Acme/App').map(({ repository, number }) => `${repository}#${number}`)

test.each<[string, string[]]>([
  ['Depends on #12', ['acme/app#12']],
  ['depends on: #1, #2 and #3', ['acme/app#1', 'acme/app#2', 'acme/app#3']],
  ['**Blocked by** Other/Repo#3', ['other/repo#3']],
  ['- [ ] blocked by https://github.com/other/repo/issues/9', ['other/repo#9']],
  ['Depends on https://github.com/other/repo/pull/9', ['other/repo#9']],
  ['Requires #5\r\nDepends on #5', ['acme/app#5']],
  ['It depends on the weather, see #4', []],
  ['> Depends on #7', []],
  ['    Depends on #7', []],
  ['```\nDepends on #7\n```', []],
  ['<!-- Depends on #7 -->', []],
  ['Depends on #', []],
  ['', []],
])('%j', (body, expected) => {
  expect(in_(body)).toEqual(expected)
})
