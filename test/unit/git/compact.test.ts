/** What a bare clone keeps, and what it may give up. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { BareClones } from '../../../src/git/bare-clones.ts'
import { addTree, author, eachWithClone, git, main, type Place, personPushes, write } from '../../support/git-place.ts'

let place: Place
let clone: BareClone
eachWithClone((made) => {
  ;({ place, clone } = made)
})

const packs = async () =>
  (await readdir(join(clone.gitDir, 'objects/pack'))).filter((name) => name.endsWith('.pack')).length

it('puts many packs together, and loses nothing: not even a commit that no branch has', async () => {
  const tree = await addTree(clone, place)
  await write(tree.path, 'a.txt', 'a\n')
  const done = await clone.commit(tree, { message: 'A', author })
  await clone.removeWorktree(tree, { discard: true })
  expect(await clone.resolve(tree.branch)).toBeUndefined()
  expect(await clone.compact()).toBe(false)
  for (let each = 0; each < 22; each++) {
    await personPushes(place, 'main', 'count.txt', `${each}\n`)
    await git(place.server, 'repack', '-q', '-d')
    // As a fetch of more than a hundred objects does.
    const asPack = ['-c', 'fetch.unpackLimit=1', 'fetch', '-q', place.server, '+main:refs/remotes/origin/main']
    await git(clone.gitDir, ...asPack)
  }
  expect(await packs()).toBeGreaterThan(20)
  expect(await clone.compact()).toBe(true)
  expect(await packs()).toBeLessThan(5)
  if (done.kind === 'committed') expect(await clone.resolve(done.sha)).toBe(done.sha)
  await clone.fetch()
  expect(await clone.remoteHead(main)).toBe(await git(place.server, 'rev-parse', 'main'))
})

it('can be made again only while it holds nothing of its own', async () => {
  expect(await clone.unusedSince()).toBeInstanceOf(Date)
  const tree = await addTree(clone, place)
  expect(await clone.unusedSince()).toBeUndefined()
  await write(tree.path, 'a.txt', 'a\n')
  await clone.commit(tree, { message: 'A', author })
  await clone.removeWorktree(tree, { keepBranch: true })
  expect(await clone.unusedSince(), 'a commit that the server lacks').toBeUndefined()
  const head = await clone.resolve(tree.branch)
  if (!head) throw new Error('no branch')
  await clone.push(tree.branch, head, { expected: null })
  expect(await clone.unusedSince()).toBeInstanceOf(Date)
})

it('gives up rescued work one ref at a time, and no other ref', async () => {
  const tree = await addTree(clone, place)
  await write(tree.path, 'a.txt', 'a\n')
  const { rescued } = await clone.removeWorktree(tree)
  if (!rescued) throw new Error('nothing was kept')
  await expect(clone.dropRescue({ ...rescued, ref: 'refs/heads/main' })).rejects.toThrow('not a rescue ref')
  await expect(clone.dropRescue({ ...rescued, sha: place.base })).rejects.toThrow()
  expect(await clone.rescues()).toHaveLength(1)
  await clone.dropRescue(rescued)
  expect(await clone.rescues()).toEqual([])
})

it('what gates and planners leave in a checkout is not kept', async () => {
  const tree = await addTree(clone, place)
  await write(tree.path, 'coverage/report.html', 'x\n')
  expect(await clone.removeWorktree(tree, { discard: true })).toEqual({})
  expect(await clone.rescues()).toEqual([])
})

it('a clone that was removed is made again at its next use', async () => {
  const target = { githubId: 7, cloneUrl: place.server }
  const clones = new BareClones<typeof target>(join(place.root, 'clones'), {
    allowHttp: false,
    allowLocal: true,
    token: async () => undefined,
  })
  await clones.of(target)
  expect(await clones.has(target)).toBe(true)
  await clones.remove(target)
  expect(await clones.has(target)).toBe(false)
  expect(await (await clones.of(target)).remoteHead(main)).toBe(place.base)
})
