/** Submodules of a checkout: filled from the same server without credentials, else named; odd names are left alone. */

import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { parseGitmodules, sameServer } from '../../../src/git/submodules.ts'
import { addTree, author, commitAll, git, main, makePlace, open, type Place, write } from '../../support/git-place.ts'

describe('the address of a submodule', () => {
  const parent = 'https://git.test/acme/app.git'
  it.each([
    ['../lib.git', 'https://git.test/acme/lib.git'],
    ['../../other/lib', 'https://git.test/other/lib'],
    ['https://git.test/acme/lib.git', 'https://git.test/acme/lib.git'],
    ['git@git.test:acme/lib.git', 'https://git.test/acme/lib.git'],
    ['ssh://git@git.test/acme/lib.git', 'https://git.test/acme/lib.git'],
    ['https://other.test/acme/lib.git', undefined],
    ['git@other.test:acme/lib.git', undefined],
    ['http://git.test/acme/lib.git', undefined],
    ['https://me:secret@git.test/acme/lib.git', undefined],
    ['/etc', undefined],
    ['ext::sh -c id', undefined],
    ['file:///etc', undefined],
    ['--upload-pack=id', undefined],
  ])('%s is %s', (url, expected) => {
    expect(sameServer(parent, url)).toBe(expected)
  })
})

it('a section without a path that we would check out is left out', () => {
  const text = [
    '[submodule "a"]\n\tpath = lib/a\n\turl = ../a.git',
    '[submodule "b"]\n\tpath = ../b\n\turl = ../b.git',
    '[submodule "c"]\n\tpath = "lib/c d"\n\turl = "../c.git"',
    '[other]\n\tpath = x\n\turl = y',
  ].join('\n')
  expect(parseGitmodules(text)).toEqual([
    { path: 'lib/a', url: '../a.git' },
    { path: 'lib/c d', url: '../c.git' },
  ])
})

describe('a checkout', () => {
  let place: Place
  let clone: BareClone
  beforeEach(async () => {
    place = await makePlace()
  })
  afterEach(() => place.remove())

  /** A server beside ours with a repository, and submodules in ours that name commits of it. */
  async function withSubmodules(urls: Record<string, string>): Promise<void> {
    const lib = join(place.root, 'lib-person')
    await mkdir(lib)
    await git(place.root, 'init', '-q', '-b', 'main', lib)
    await write(lib, 'lib.txt', 'library\n')
    const first = await commitAll(lib, 'Library')
    await write(lib, 'lib.txt', 'newer\n')
    await commitAll(lib, 'Newer')
    await git(place.root, 'clone', '-q', '--bare', lib, join(place.root, 'lib.git'))
    const modules = Object.entries(urls).map(
      ([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`,
    )
    await write(place.person, '.gitmodules', modules.join(''))
    await git(place.person, 'add', '.gitmodules')
    for (const path of Object.keys(urls))
      await git(place.person, 'update-index', '--add', '--cacheinfo', `160000,${first},${path}`)
    await git(place.person, 'commit', '-q', '-m', 'Submodules')
    await git(place.person, 'push', '-q', 'origin', 'HEAD:main')
    clone = await open(place)
    const base = await clone.remoteHead(main)
    if (base) place.base = base
  }

  it('gets the files of the commit that it names, and they are no one’s change', async () => {
    await withSubmodules({
      'vendor/lib': '../lib.git',
      'vendor/far': 'https://far.test/x.git',
      'vendor/no': '../no.git',
    })
    const tree = await addTree(clone, place)
    expect(await clone.fillSubmodules(place.base, tree.path)).toEqual([
      { path: 'vendor/lib' },
      { path: 'vendor/far', problem: 'host' },
      { path: 'vendor/no', problem: 'unreadable' },
    ])
    expect(await readFile(join(tree.path, 'vendor/lib/lib.txt'), 'utf8')).toBe('library\n')
    expect(existsSync(join(tree.path, 'vendor/lib/.git'))).toBe(false)
    expect(await readdir(join(tree.path, 'vendor/far'))).toEqual([])
    expect(await clone.commit(tree, { message: 'Nothing', author })).toMatchObject({ kind: 'unchanged' })
    await write(tree.path, 'work.txt', 'work\n')
    expect(await clone.commit(tree, { message: 'Work', author })).toMatchObject({
      kind: 'committed',
      changes: [{ path: 'work.txt' }],
    })
    // A folder with files is not filled again.
    expect(await clone.fillSubmodules(place.base, tree.path)).toContainEqual({ path: 'vendor/lib' })
    expect(await clone.removeWorktree(tree, { keepBranch: true })).toEqual({})
  })

  it('without submodules there is nothing to do', async () => {
    clone = await open(place)
    const tree = await addTree(clone, place)
    expect(await clone.fillSubmodules(place.base, tree.path)).toEqual([])
  })

  it('leaves odd names alone that are in the base already', async () => {
    const odd = [
      'con.txt',
      'Twin.txt',
      'twin.txt',
      'tab\there.txt',
      ' lead',
      'trail. ',
      '-dash',
      'back\\slash',
      'ü/ü.txt',
    ]
    for (const name of odd) await write(place.person, name, 'odd\n')
    const base = await commitAll(place.person, 'Odd')
    await git(place.person, 'push', '-q', 'origin', 'HEAD:main')
    clone = await open(place)
    const tree = await addTree(clone, place, 'odd', base)
    await write(tree.path, 'README.md', 'changed\n')
    expect(await clone.commit(tree, { message: 'Work', author })).toMatchObject({
      kind: 'committed',
      changes: [{ path: 'README.md' }],
    })
    expect(await git(tree.path, 'status', '--porcelain')).toBe('')
  })
})
