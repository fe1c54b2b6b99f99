/** The dependency cache: made once, copied, out of reach of the trees, bounded. */

import { lstatSync } from 'node:fs'
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { DependencyCache } from '../../../../src/runs/set-up/dependency-cache.ts'

let root: string
let directory: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tutti-cache-'))
  directory = join(root, 'data', 'caches')
  onTestFinished(() => rm(root, { recursive: true, force: true }))
})

const open = (maxBytes = 2 ** 30) => new DependencyCache({ directory, maxBytes, log: pino({ level: 'silent' }) })

/** A tree with a package, a link and a file of some size. */
async function makeTree(name: string, bytes = 10): Promise<string> {
  const tree = join(root, name)
  await mkdir(join(tree, 'node_modules', 'dep', 'bin'), { recursive: true })
  await writeFile(join(tree, 'node_modules', 'dep', 'index.js'), 'x'.repeat(bytes))
  await writeFile(join(tree, 'node_modules', 'dep', 'bin', 'run'), '#!/bin/sh\n', { mode: 0o755 })
  await symlink('../dep/bin/run', join(tree, 'node_modules', 'dep', 'link'))
  return tree
}

async function emptyTree(name: string): Promise<string> {
  await mkdir(join(root, name))
  return join(root, name)
}

const fill = async (cache: DependencyCache, key: string, bytes?: number) => {
  const tree = await makeTree(`made-${key.replaceAll('/', '-')}`, bytes)
  await cache.build(key, ['node_modules', 'vendor'], (take) => take(tree))
  await rm(tree, { recursive: true })
}

test('what was made is copied with modes and links, and what was not made is left out', async () => {
  const cache = open()
  await fill(cache, '1/aa')
  const tree = await emptyTree('tree')
  expect(await cache.copyInto('1/aa', tree, ['node_modules', 'vendor'], false)).toBe(true)
  expect(await readdir(tree)).toEqual(['node_modules'])
  expect(lstatSync(join(tree, 'node_modules/dep/bin/run')).mode & 0o777).toBe(0o755)
  expect(lstatSync(join(tree, 'node_modules/dep/link')).isSymbolicLink()).toBe(true)
  expect(await cache.copyInto('1/bb', tree, ['node_modules'], false)).toBe(false)
})

test('nothing that is written in one tree reaches the cache or another tree', async () => {
  const cache = open()
  await fill(cache, '1/aa')
  const [one, other] = [await emptyTree('one'), await emptyTree('other')]
  for (const tree of [one, other]) await cache.copyInto('1/aa', tree, ['node_modules'], false)
  // In place, as `>>` does: through a hard link this would be seen everywhere.
  await appendFile(join(one, 'node_modules/dep/index.js'), 'EVIL')
  await writeFile(join(one, 'node_modules/dep/new.js'), 'EVIL')
  const third = await emptyTree('third')
  await cache.copyInto('1/aa', third, ['node_modules'], false)
  for (const tree of [other, third]) {
    expect(await readFile(join(tree, 'node_modules/dep/index.js'), 'utf8')).toBe('x'.repeat(10))
    expect(await readdir(join(tree, 'node_modules/dep'))).toEqual(['bin', 'index.js', 'link'])
  }
})

test('one builds, the others wait; a failure leaves nothing, and the next one builds', async () => {
  const cache = open()
  const tree = await makeTree('made')
  let builds = 0
  const build = () =>
    cache.build('1/aa', ['node_modules'], async (take) => {
      builds++
      await new Promise((resolve) => setImmediate(resolve))
      if (builds === 1) throw new Error('no network')
      await take(tree)
    })
  const first = await Promise.allSettled([build(), build(), build()])
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect([builds, await cache.has('1/aa')]).toEqual([1, false])
  await Promise.all([build(), build(), build()])
  expect([builds, await cache.has('1/aa')]).toEqual([2, true])
  await build()
  expect(builds).toBe(2)
  expect(await readdir(join(directory, '1'))).toEqual(['aa'])
})

test('the oldest entries go when the caches are too large', async () => {
  const cache = open(2_500)
  await fill(cache, '1/aa', 1_000)
  await fill(cache, '1/bb', 1_000)
  const tree = await emptyTree('tree')
  await cache.copyInto('1/aa', tree, ['node_modules'], false)
  await fill(cache, '2/cc', 1_000)
  expect(await Promise.all(['1/aa', '1/bb', '2/cc'].map((key) => cache.has(key)))).toEqual([true, false, true])
})

test('a link in the tree leads no copy out of it, and none in the cache leads into our files', async () => {
  const cache = open()
  const made = await makeTree('made')
  await mkdir(join(made, 'packages/a'), { recursive: true })
  await writeFile(join(made, 'packages/a/file'), 'x')
  await cache.build('1/aa', ['packages/a'], (take) => take(made))
  const tree = await emptyTree('tree')
  await mkdir(join(root, 'outside'))
  await symlink(join(root, 'outside'), join(tree, 'packages'))
  await expect(cache.copyInto('1/aa', tree, ['packages/a'], true)).rejects.toThrow('`packages` is not a folder')
  expect(await readdir(join(root, 'outside'))).toEqual([])

  await symlink(join(directory, '1'), join(made, 'node_modules/dep/up'))
  await expect(cache.build('1/bb', ['node_modules'], (take) => take(made))).rejects.toThrow('a link into our own files')
})

test('what is there stays, or is replaced where that is asked for', async () => {
  const cache = open()
  await fill(cache, '1/aa')
  const tree = await emptyTree('tree')
  await mkdir(join(tree, 'node_modules'))
  await writeFile(join(tree, 'node_modules/mine'), 'x')
  await cache.copyInto('1/aa', tree, ['node_modules'], false)
  expect(await readdir(join(tree, 'node_modules'))).toEqual(['mine'])
  await cache.copyInto('1/aa', tree, ['node_modules'], true)
  expect(await readdir(join(tree, 'node_modules'))).toEqual(['dep'])
})
