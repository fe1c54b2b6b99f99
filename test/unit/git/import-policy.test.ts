import { describe, expect, it } from 'vitest'
import { type ChangedFile, parseChanges } from '../../../src/git/changes.ts'
import { checkImport } from '../../../src/git/import-policy.ts'
import { sha } from '../../../src/lib/ids.ts'

function added(path: string, facts: Partial<ChangedFile> = {}): ChangedFile {
  const plain = { additions: 1, deletions: 0, binary: false, bytes: 10, blob: sha('a'.repeat(40)) }
  return { path, status: 'A', mode: '100644', oldMode: '000000', ...plain, ...facts }
}

function link(path: string, target: string): ChangedFile {
  return added(path, { mode: '120000', target, bytes: target.length })
}

const kinds = (...changes: ChangedFile[]) => checkImport(changes).map((violation) => violation.kind)

describe('the import check', () => {
  it('lets ordinary work pass', () => {
    const work = [
      added('src/a.ts'),
      added('.gitignore'),
      added('.github/workflows/ci.yml'),
      added('docs/größe 名.md'),
      added('bin/run', { mode: '100755' }),
      added('git.ts'),
      added('.gitlab-ci.yml'),
      added('a/.gitkeep'),
      added('x', { status: 'D', mode: '000000', oldMode: '120000' }),
      link('a/b/link', '../c/file'),
      link('link', 'a/b'),
      link('a/up', '..'),
    ]
    expect(checkImport(work)).toEqual([])
  })

  it.each([
    '.git',
    '.git/config',
    'a/.GIT/hooks/x',
    '.Git',
    '.git ',
    '.git.',
    '.git . .',
    'git~1',
    'GIT~2/x',
    '.git::$INDEX_ALLOCATION/config',
    '.g\u200cit/config',
    '.git\ufeff',
    'a\\.git\\config',
  ])('refuses %j, which some system takes for .git', (path) => {
    expect(kinds(added(path))).toContain('git-name')
  })

  it.each([
    ['/etc/passwd'],
    ['../../x'],
    ['..'],
    ['a/../../x'],
    ['a/../b'],
    ['.git/config'],
    ['./.GIT'],
    ['C:/x'],
    ['C:\\x'],
    ['\\\\host\\x'],
    ['..\\..\\x'],
    [''],
    ['a\nb'],
    ['git~1'],
  ])('refuses a link at the top to %j', (target) => {
    expect(kinds(link('link', target))).toEqual(['symlink'])
  })

  it('refuses a link by its depth', () => {
    expect(kinds(link('a/b/link', '../../x'))).toEqual([])
    expect(kinds(link('a/b/link', '../../../x'))).toEqual(['symlink'])
    expect(kinds(added('a', { mode: '120000' }))).toEqual(['symlink'])
  })

  it.each(['.gitmodules', 'a/.gitattributes', '.gitignore', '.mailmap'])('refuses %s as a link', (path) => {
    expect(kinds(link(path, 'x'))).toContain('symlink')
  })

  it.each([
    ['a\nb'],
    ['a\x1bb'],
    ['a\x7f'],
    ['a\u202eb'],
    ['a\ufffd'],
    ['a'.repeat(256)],
    [`${'a/'.repeat(600)}b`],
    ['a//b'],
    ['a/../b'],
    ['../a'],
  ])('refuses the path %j', (path) => {
    expect(kinds(added(path))).toContain('path')
  })

  it('refuses submodules unless a person agreed', () => {
    const gitlink = added('lib', { mode: '160000', bytes: 0 })
    const changed = added('lib', { mode: '160000', oldMode: '160000', status: 'M' })
    const removed = added('lib', { mode: '000000', oldMode: '160000', status: 'D' })
    for (const change of [gitlink, changed, removed, added('.gitmodules')]) expect(kinds(change)).toEqual(['submodule'])
    expect(checkImport([gitlink, changed, removed], { allowSubmodules: true })).toEqual([])
  })

  it('refuses odd modes, big files and too many files', () => {
    expect(kinds(added('a', { mode: '100664' }))).toEqual(['mode'])
    expect(checkImport([added('a', { bytes: 11 })], { maxFileBytes: 10 })).toMatchObject([{ kind: 'size', path: 'a' }])
    expect(checkImport([added('a'), added('b')], { maxFiles: 1 })).toMatchObject([{ kind: 'count' }])
  })

  it('refuses a link that a file system without case takes for a folder', () => {
    expect(kinds(link('A', 'b'), added('a/post-checkout'))).toEqual(['symlink'])
    expect(kinds(link('A', 'b'), added('ab'))).toEqual([])
  })

  it('refuses a folder that is a repository of its own', () => {
    const bare = ['HEAD', 'config', 'objects/pack/x', 'refs/heads/main'].map((name) => added(`fixtures/x/${name}`))
    expect(kinds(...bare)).toEqual(['repository'])
    expect(kinds(...bare.slice(0, 3))).toEqual([])
  })
})

describe('reading what git lists', () => {
  it('keeps renames, odd names and numbers together', () => {
    const zero = '0'.repeat(40)
    const one = '1'.repeat(40)
    const text = [
      `:100644 100644 ${zero} ${one} R087`,
      'old\tname',
      'new\nname',
      `:000000 100644 ${zero} ${one} A`,
      'a',
      `:100644 000000 ${one} ${zero} D`,
      'b',
      '3\t1\t',
      'old\tname',
      'new\nname',
      '-\t-\ta',
      '0\t9\tb',
      '',
    ].join('\0')
    expect(parseChanges(text)).toMatchObject([
      { status: 'R', oldPath: 'old\tname', path: 'new\nname', additions: 3, deletions: 1, binary: false },
      { status: 'A', path: 'a', binary: true, additions: 0 },
      { status: 'D', path: 'b', deletions: 9 },
    ])
  })
})
