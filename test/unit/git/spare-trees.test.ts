/** Worktrees that were made ahead: the same as others, and no harm when they are damaged. */

import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type BareClone, openBareClone } from '../../../src/git/bare-clone.ts'
import { validBranch } from '../../../src/git/names.ts'
import {
  addTree,
  author,
  commitAll,
  git,
  main,
  makePlace,
  type Place,
  personPushes,
  write,
} from '../../support/git-place.ts'

let place: Place
let clone: BareClone

/** Long names make a large index of few files. */
const long = (at: number) => `many/${String(at).padStart(3, '0')}-${'x'.repeat(200)}/${'y'.repeat(200)}.txt`

beforeEach(async () => {
  place = await makePlace()
  await git(place.person, 'checkout', '-q', 'main')
  for (let at = 0; at < 900; at++) await write(place.person, long(at), `${at}\n`)
  place.base = await commitAll(place.person, 'Many')
  await git(place.person, 'push', '-q', 'origin', 'main')
  const directory = join(place.root, 'tutti')
  const facts = { cloneUrl: place.server, token: async () => undefined, allowLocal: true }
  clone = await openBareClone({ directory, ...facts, spares: 1 })
  await addTree(clone, place, 'first')
  await clone.sparesSettled()
  expect(await spares()).toHaveLength(1)
})
afterEach(async () => {
  await clone.sparesSettled()
  await place.remove()
})

const spares = () => readdir(join(place.root, 'tutti', 'spares'))

/** The base moves on while the spare tree waits. */
async function moved(): Promise<Place> {
  place.base = await personPushes(place, 'main', 'README.md', 'new\n')
  await clone.fetch([main])
  return place
}

it('the next item gets it, brought to the present base, and another one is made', async () => {
  const [before] = await spares()
  const tree = await addTree(clone, await moved(), 'second')
  expect(tree).toMatchObject({ outcome: 'created', repaired: [] })
  expect(tree.gitDir).toContain(before)
  expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toBe('new\n')
  expect(await git(tree.path, 'status', '--porcelain', '--branch')).toBe('## module/second')
  await write(tree.path, 'work.txt', 'work\n')
  const done = await clone.commit(tree, { message: 'Work', author })
  if (done.kind !== 'committed') throw new Error(done.kind)
  expect(done.changes.map((change) => change.path)).toEqual(['work.txt'])
  expect(await git(clone.gitDir, 'log', '-1', '--format=%P', done.sha)).toBe(place.base)
  expect(await clone.addWorktree({ path: tree.path, branch: tree.branch, base: place.base })).toMatchObject({
    outcome: 'reused',
    repaired: [],
  })
  await clone.sparesSettled()
  expect(await spares()).toHaveLength(1)
})

it('a branch that is there already is taken where it is', async () => {
  const tree = await addTree(clone, place, 'second')
  await write(tree.path, 'work.txt', 'work\n')
  await clone.commit(tree, { message: 'Work', author })
  await clone.removeWorktree(tree, { keepBranch: true })
  await clone.sparesSettled()
  await addTree(clone, await moved(), 'second')
  expect(await readFile(join(tree.path, 'work.txt'), 'utf8')).toBe('work\n')
})

it.each([
  ['a file that has to change was changed in it', (path: string) => writeFile(join(path, 'README.md'), 'mine\n')],
  ['it is gone', (path: string) => rm(path, { recursive: true })],
])('%s: a plain one is made instead', async (_, damage) => {
  const [name = ''] = await spares()
  await damage(join(place.root, 'tutti', 'spares', name))
  const tree = await addTree(clone, await moved(), 'second')
  expect(tree).toMatchObject({ outcome: 'created' })
  expect(tree.gitDir).not.toContain(name)
  expect(await git(tree.path, 'status', '--porcelain')).toBe('')
  expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toBe('new\n')
})

it('a crash while it was being moved leaves nothing that would count as work', async () => {
  const [name = ''] = await spares()
  const path = join(place.root, 'worktrees', 'second')
  await rm(join(place.root, 'tutti', 'private', 'spares', `${name}.ready`))
  await rename(join(place.root, 'tutti', 'spares', name), path)
  await writeFile(join(clone.gitDir, 'worktrees', name, 'gitdir'), `${path}/.git\n`)
  const tree = await clone.addWorktree({ path, branch: validBranch('module/second'), base: place.base })
  expect(tree).toMatchObject({ outcome: 'created' })
  expect(tree.rescued).toBeUndefined()
  expect(await git(path, 'status', '--porcelain')).toBe('')
})

it('spare trees are removed with all that git knows of them', async () => {
  await clone.dropSpares()
  expect(await spares()).toEqual([])
  expect((await clone.listWorktrees()).map((tree) => tree.state)).toEqual(['ready'])
})
