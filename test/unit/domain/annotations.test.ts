/** Places in the output of tools, and what is none. */

import { expect, test } from 'vitest'
import { mostAnnotations, placesIn } from '../../../src/domain/annotations.ts'

const places = (log: string) => placesIn(log, 100).map(({ path, line, message }) => `${path}|${line}|${message}`)

test.each([
  ['src/a.c:12:5: error: expected ;', 'src/a.c|12|error: expected ;'],
  ['src/a.py:3: undefined name', 'src/a.py|3|undefined name'],
  ['  ./src/a.ts:7:1 - error TS2304: no such name', 'src/a.ts|7|error TS2304: no such name'],
  ['src/a.ts(7,12): error TS2304: no such name', 'src/a.ts|7|error TS2304: no such name'],
  ['❯ test/a.test.ts:4:9 expected 1', 'test/a.test.ts|4|expected 1'],
  ['/var/lib/tutti/checks/run-12/src/a.ts:7:1: no', 'src/a.ts|7|no'],
  ['src\\win\\a.cs(3,4): warning CS1: unused', 'src/win/a.cs|3|warning CS1: unused'],
  ['Makefile.am:3: no rule', 'Makefile.am|3|no rule'],
])('%s', (line, expected) => {
  expect(places(line)).toEqual([expected])
})

test.each([
  '12:30:45: started',
  '[12:30:45] GET / 200',
  'http://localhost:8080: refused',
  '/etc/passwd:1: root',
  '../../up.ts:1: out',
  'src/a.ts:0: no line',
  'a b c',
  `${'x'.repeat(5_000)}.ts:1: long`,
])('no place: %s', (line) => {
  expect(places(line)).toEqual([])
})

test('the same place twice is one, and there are no more than asked for', () => {
  expect(places('a/b.c:1: x\na/b.c:1: x')).toHaveLength(1)
  const many = Array.from({ length: 500 }, (_, at) => `a/b.c:${at + 1}: x`).join('\n')
  expect(placesIn(many, mostAnnotations)).toHaveLength(50)
})
