/** Names that another system cannot check out. */

import { expect, test } from 'vitest'
import type { ChangedFile } from '../../../src/git/changes.ts'
import { unportableNames } from '../../../src/git/portable-names.ts'

const change = (path: string, status: ChangedFile['status'] = 'A', more: Partial<ChangedFile> = {}): ChangedFile => ({
  ...{ path, status, mode: '100644', oldMode: '000000', additions: 1, deletions: 0, binary: false, bytes: 1 },
  ...more,
})
const refused = (added: string[], before: string[]) =>
  unportableNames(
    added.map((path) => change(path)),
    [...before, ...added],
  ).map(({ path }) => path)

test.each([
  [['readme.md'], ['README.md'], ['readme.md']],
  [['a/File', 'a/file'], [], ['a/file']],
  [['Lib'], ['lib/a.ts'], ['Lib']],
  [['LIB/b.ts'], ['lib'], ['LIB/b.ts']],
  [['gro\u0308ße.md'], ['größe.md'], ['gro\u0308ße.md']],
  // Folders that differ only in case become one, and no file is lost.
  [['Lib/b.ts'], ['lib/a.ts'], []],
  [['file2'], ['FILE'], []],
  // What was there before is not the agent's.
  [['new'], ['README', 'readme'], []],
] as [string[], string[], string[]][])('twins: %j beside %j', (added, before, expected) => {
  expect(refused(added, before)).toEqual(expected)
})

test.each(['aux', 'src/NUL.ts', 'com1.txt', 'a:b', 'what?.md', 'back\\slash', 'dot.', 'blank ', 'dir./x', 'lpt9 .x'])(
  'Windows: %j',
  (path) => {
    expect(refused([path], ['README.md'])).toEqual([path])
    expect(refused([path], ['docs/a:b'])).toEqual([])
  },
)

test.each(['auxiliary.ts', 'console.ts', '.github/x.yml', 'com10', 'a b/c.d', 'null.md'])('fine: %j', (path) => {
  expect(refused([path], ['README.md'])).toEqual([])
})

test('a rename in case alone is no twin, and neither is what a later commit took back', () => {
  const renamed = change('readme.md', 'R', { oldPath: 'README.md' })
  expect(unportableNames([renamed], ['readme.md'])).toEqual([])
  expect(unportableNames([change('readme.md'), change('README.md')], ['readme.md'])).toEqual([])
  expect(unportableNames([change('README.md', 'M')], ['README.md', 'readme.md'])).toEqual([])
})
