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
  ['1. Depends on #7', ['acme/app#7']],
  ['1.  Steps\n\n    Depends on #7', ['acme/app#7']],
  ['- [X] **Depends on:** #7', ['acme/app#7']],
  ['Depends on #7 and `#8`', ['acme/app#7']],
  ['Depends on #7 <!-- not #8 -->, #9', ['acme/app#7', 'acme/app#9']],
  ['Depends on <b>#7</b>', ['acme/app#7']],
  ['Depends on x/y/z#7, a.b/c-d#8, -#9', ['y/z#7', 'a.b/c-d#8', 'acme/app#9']],
  ['Depends on #1234567890', []],
  ['Depends on\u00a0#7', ['acme/app#7']],
  ['Dep\u200bends on #7', []],
  ['Depends on #\u200b7', []],
  ['Depends on \u202e7#', []],
  ['`Depends on #7`', []],
  ['- item\n\n      Depends on #7', []],
  ['<details>\n\nDepends on #7\n\n</details>\n\nDepends on #8', ['acme/app#8']],
  ['<pre>\nDepends on #7\n</pre>', []],
  ['<blockquote>\n\nDepends on #7\n\n</blockquote>', []],
  ['> They said:\nDepends on #7', []],
  ['On Fri, Ann wrote:\n\nDepends on #7', []],
  ['Depends on #', []],
  ['', []],
])('%j', (body, expected) => {
  expect(in_(body)).toEqual(expected)
})
