import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { checkArguments } from '../../../src/git/allowed-arguments.ts'
import { validBranch, validCloneUrl, validPath } from '../../../src/git/names.ts'
import { UserError } from '../../../src/lib/errors.ts'

/** A small seeded generator, so that a failing name can be had again. */
function random(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const pieces = [
  '-',
  '--',
  '..',
  '.',
  '/',
  '//',
  '@{',
  '@',
  '~',
  '^',
  ':',
  '?',
  '*',
  '[',
  '\\',
  ' ',
  '\n',
  '\t',
  '\0',
  '\x7f',
  '.lock',
  'ext::',
  'HEAD',
  'refs/heads/',
  'a',
  'b1',
  'module',
  'ü',
  '名',
  '\u202e',
  '\u200c',
  '\ud800',
  '--upload-pack=x',
  '.git',
  '$(x)',
  '`x`',
  ';',
  '|',
  '&',
  '%',
  '#',
  '+',
  '=',
  ',',
  'file://',
  '-c',
]

function names(count: number, seed: number): string[] {
  const below = random(seed)
  return Array.from({ length: count }, () =>
    Array.from({ length: 1 + below(5) }, () => pieces[below(pieces.length)] ?? '').join(''),
  )
}

function taken<T>(check: (text: string) => T, text: string): boolean {
  try {
    check(text)
    return true
  } catch (error) {
    expect(error).toBeInstanceOf(UserError)
    return false
  }
}

describe('a branch name', () => {
  it.each([
    'main',
    'module/api',
    'feature/2.0_x',
    'dependabot/npm_and_yarn/a-1.2.3',
    'fix#12',
    'größe/名前',
    'a@b',
    'v1+2',
  ])('%s is taken', (name) => {
    expect(validBranch(name)).toBe(name)
  })

  it.each([
    '',
    '-a',
    '--all',
    'a..b',
    'a@{1}',
    '@',
    'HEAD',
    'a b',
    'a\nb',
    'a\0b',
    'a~1',
    'a^',
    'a:b',
    'a?',
    'a*',
    'a[b',
    'a\\b',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'a.lock',
    'a.LOCK/b',
    'a.',
    'a/-b',
    'refs/heads/a',
    'ext::sh',
    'f'.repeat(40),
    'a'.repeat(245),
    'a\u202eb',
    '\ud800',
  ])('%j is refused', (name) => {
    expect(() => validBranch(name)).toThrow(UserError)
  })

  it('of 6,000 made-up ones passes only if git itself takes it, and never looks like an option', () => {
    const passed = [...new Set(names(6000, 7))].filter((name) => taken(validBranch, name))
    expect(passed.length).toBeGreaterThan(50)
    for (const name of passed) expect(name).toMatch(/^[^-]/)
    // One process for all: git refuses a whole list with one bad name in it.
    for (const name of passed.slice(0, 40)) execFileSync('git', ['check-ref-format', `refs/heads/${name}`])
  })
})

describe('a path', () => {
  it('is relative, plain, and outside of .git', () => {
    for (const good of ['a', '.github/tutti.yml', 'a b/c', 'größe', 'a/.gitignore']) expect(validPath(good)).toBe(good)
    const bad = [
      '',
      '/a',
      '../a',
      'a/../b',
      './a',
      'a//b',
      'a/',
      '-a',
      ':(glob)*',
      '.git/config',
      'a/.GIT/x',
      'a\nb',
      'a\0',
      '\ufffd',
    ]
    for (const path of bad) expect(() => validPath(path), JSON.stringify(path)).toThrow(UserError)
  })

  it('of 6,000 made-up ones never climbs or looks like an option', () => {
    const passed = names(6000, 11).filter((name) => taken(validPath, name))
    expect(passed.length).toBeGreaterThan(50)
    for (const path of passed) expect(path).not.toMatch(/^[-/:]|(?:^|\/)\.\.?(?:\/|$)|\p{Cc}/u)
  })
})

describe('a clone address', () => {
  it('is https, or http to this machine', () => {
    for (const good of [
      'https://github.com/owner/name.git',
      'http://127.0.0.1:3000/o/n.git',
      'http://localhost/o/n',
      'http://[::1]:80/o/n',
    ]) {
      expect(validCloneUrl(good)).toBe(good)
    }
    expect(validCloneUrl('http://git.example.com/o/n', { allowHttp: true })).toContain('example')
    expect(validCloneUrl('/srv/git/n.git', { allowLocal: true })).toBe('/srv/git/n.git')
    expect(validCloneUrl('file:///srv/git/n.git', { allowLocal: true })).toContain('srv')
  })

  it.each([
    '',
    'ext::sh -c id',
    'ext::sh',
    '-uhttps://github.com/o/n',
    '--upload-pack=touch',
    'ssh://git@github.com/o/n',
    'git@github.com:o/n.git',
    'git://github.com/o/n',
    'https://token@github.com/o/n',
    'https://a:b@github.com/o/n',
    'https://github.com/o/n?x=1',
    'https://github.com/o/n#x',
    'http://git.example.com/o/n',
    'http://127.0.0.1.example.com/o/n',
    'https://github.com',
    'https://-x/o/n',
    'file:///etc',
    '/etc',
    'C:\\x',
    'https://github.com/o/n\nx',
    'https://github.com\\o',
    'fd::3',
    'https::https://github.com/o/n',
  ])('%j is refused', (text) => {
    expect(() => validCloneUrl(text)).toThrow(UserError)
  })

  it('is not repeated in the message: it may hold a password', () => {
    expect(() => validCloneUrl('https://user:hunter2@github.com/o/n')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
  })
})

describe('the list of arguments', () => {
  it('refuses commands and options that we do not use', () => {
    const bad = [
      ['gc'],
      ['config', 'core.fsmonitor', 'x'],
      ['__proto__'],
      ['-c', 'a=b', 'fetch'],
      ['fetch', '--upload-pack=x'],
      ['fetch', '-u', 'x'],
      ['push', '--receive-pack=x'],
      ['push', '--force'],
      ['push', '-f'],
      ['push', '--exec=x'],
      ['diff-tree', '--ext-diff'],
      ['diff-tree', '--textconv'],
      ['log', '--output=x'],
      ['worktree', 'add', '-f'],
      ['clone', '--config=x=y'],
      ['ls-remote', '--upload-pack=x'],
      ['rev-parse', 'a\0b'],
    ]
    for (const args of bad) expect(() => checkArguments(args), args.join(' ')).toThrow(TypeError)
  })

  it('of 6,000 made-up names lets none pass as an option', () => {
    for (const name of names(6000, 13)) {
      // `--` itself ends the options, for git as for the list.
      if (!name.startsWith('-') || name === '--') continue
      expect(() => checkArguments(['fetch', name])).toThrow(TypeError)
      if (!name.includes('\0')) checkArguments(['fetch', '--end-of-options', name])
    }
  })
})
