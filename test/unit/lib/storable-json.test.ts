/** What Postgres and UTF-8 refuse in a text, wherever in a value it stands. */

import { expect, test } from 'vitest'
import { parseStorable, storableJson, storableString } from '../../../src/lib/storable-json.ts'

test.each([
  ['a NUL', 'a\0b', 'ab'],
  ['the first half of a character', 'a\ud83d', 'a\ufffd'],
  ['the second half', '\ude00b', '\ufffdb'],
  ['whole characters', 'a😀b', 'a😀b'],
  ['nothing', '', ''],
])('a text with %s', (_, text, expected) => {
  expect(storableString(text)).toBe(expected)
  const json = JSON.stringify({ deep: [{ text }] })
  expect(parseStorable(json)).toEqual({ deep: [{ text: expected }] })
  expect(storableJson(json)).toBe(JSON.stringify({ deep: [{ text: expected }] }))
})

test('a text about such an escape stays as it is', () => {
  const json = JSON.stringify({ text: 'JSON writes \\u0000 and \\ud83d so' })
  expect(storableJson(json)).toBe(json)
})

test('what is no JSON stays as it is, and is not parsed', () => {
  expect(storableJson('\\u0000 {')).toBe('\\u0000 {')
  expect(() => parseStorable('\\u0000 {')).toThrow(SyntaxError)
})
