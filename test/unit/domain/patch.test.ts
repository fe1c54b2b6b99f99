/** Added lines of a patch, with their numbers, whatever the lines look like. */

import { expect, test } from 'vitest'
import { addedLines, shownLines } from '../../../src/domain/patch.ts'

test('files, numbers, gaps, odd names, and lines that look like headers', () => {
  const patch = [
    'diff --git a/src/a.ts b/src/a.ts',
    `index ${'1'.repeat(40)}..${'2'.repeat(40)} 100644`,
    '--- a/src/a.ts',
    '+++ b/src/a.ts',
    '@@ -1,3 +1,4 @@ function f() {',
    ' one',
    '-two',
    '+TWO',
    '++++ b/evil.ts',
    ' three',
    '@@ -20,0 +22 @@',
    '+later',
    '\\ No newline at end of file',
    'diff --git "a/b\\303\\244r \\"x\\".txt" "b/b\\303\\244r \\"x\\".txt"',
    'new file mode 100644',
    '--- /dev/null',
    '+++ "b/b\\303\\244r \\"x\\".txt"',
    '@@ -0,0 +1,2 @@',
    '+a',
    '+b',
    'diff --git a/gone b/gone',
    '--- a/gone',
    '+++ /dev/null',
    '@@ -1 +0,0 @@',
    '-x',
    'Binary files a/x.png and b/x.png differ',
  ].join('\n')
  expect(addedLines(patch)).toEqual([
    { path: 'src/a.ts', text: 'TWO\n+++ b/evil.ts\nlater', numbers: [2, 3, 22] },
    { path: 'bär "x".txt', text: 'a\nb', numbers: [1, 2] },
  ])
})

test('a patch that was cut off is read as far as it goes; an empty one is empty', () => {
  expect(addedLines('diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -0,0 +1,9 @@\n+one\n+tw')).toMatchObject([
    { text: 'one\ntw' },
  ])
  expect(addedLines('')).toEqual([])
})

test('the lines that a patch shows: what it adds and what stands around it, and nothing of what it removes', () => {
  const patch = [
    ...['diff --git a/a b/a', '--- a/a', '+++ b/a', '@@ -1,3 +1,4 @@', ' one', '-two', '+TWO', '+more', ' three'],
    ...['@@ -20 +21,0 @@', '-gone', 'diff --git a/b b/b', '--- /dev/null', '+++ b/b', '@@ -0,0 +1 @@', '+x'],
    ...['diff --git a/c b/c', '--- a/c', '+++ /dev/null', '@@ -1 +0,0 @@', '-x'],
  ].join('\n')
  expect(shownLines(patch)).toEqual(
    new Map([
      ['a', new Set([1, 2, 3, 4])],
      ['b', new Set([1])],
      ['/dev/null', new Set()],
    ]),
  )
})
