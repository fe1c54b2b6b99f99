import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { validBranch, validPath } from '../../../src/git/names.ts'
import { oneOfSeveral, requireCommit } from '../../../src/git/one-of-several.ts'
import type { sha } from '../../../src/lib/ids.ts'
import { author, makePlace, open, type Place, write } from '../../support/git-place.ts'

let place: Place
let here: BareClone
let elsewhere: BareClone
const branch = validBranch('module/api')

beforeEach(async () => {
  place = await makePlace()
  const packs = new Map<string, Buffer>()
  const store = {
    save: async (commit: string, pack: Buffer) => void packs.set(commit, pack),
    find: async (commit: string) => packs.get(commit),
  }
  here = oneOfSeveral(await open(place), store, 'main')
  elsewhere = oneOfSeveral(await open(place, 'elsewhere'), store, 'main')
})
afterEach(() => place.remove())

async function work(): Promise<ReturnType<typeof sha>> {
  const tree = await here.addWorktree({ path: join(place.root, 'worktrees', 'api'), branch, base: place.base })
  await write(tree.path, 'new.txt', 'new\n')
  const done = await here.commit(tree, { message: 'Work', author })
  return done.kind === 'committed' ? done.sha : place.base
}

it('a commit that was handed over is in another clone when it is asked for, and can be pushed from there', async () => {
  const head = await work()
  expect(await elsewhere.resolve(head)).toBeUndefined()
  await expect(requireCommit(elsewhere, head)).rejects.toThrow(`the commit ${head} is not here`)
  await here.share(head)
  await requireCommit(elsewhere, head)
  expect(await elsewhere.readFile(head, validPath('new.txt'))).toBe('new\n')
  expect(await elsewhere.push(branch, head, { expected: 'any-ancestor' })).toEqual({ kind: 'pushed' })
  // The clone that made it has not pushed, and knows.
  expect(await here.remoteHead(branch)).toBe(head)
})

it('a commit on top of what was pushed since the other clone has fetched is there too', async () => {
  const pushed = await work()
  await here.push(branch, pushed, { expected: 'any-ancestor' })
  const path = join(place.root, 'worktrees', 'more')
  const tree = await here.addWorktree({ path, branch: validBranch('module/more'), base: pushed })
  await write(tree.path, 'more.txt', 'more\n')
  const done = await here.commit(tree, { message: 'More', author })
  if (done.kind !== 'committed') throw new Error('nothing was committed')
  await here.share(done.sha)
  await requireCommit(elsewhere, done.sha)
  expect(await elsewhere.readFile(done.sha, validPath('new.txt'))).toBe('new\n')
})

it('holds what the change needs and no more', async () => {
  const pack = await here.packCommit(await work())
  expect(pack.length).toBeLessThan(2_000)
})

it('damaged objects are refused', async () => {
  const pack = await here.packCommit(await work())
  pack[20] = (pack[20] ?? 0) ^ 0xff
  await expect(elsewhere.unpackCommit(pack)).rejects.toThrow('git index-pack failed')
})
