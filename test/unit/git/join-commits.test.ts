import { expect, test } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { validBranch } from '../../../src/git/names.ts'
import type { Sha } from '../../../src/lib/ids.ts'
import { addTree, eachWithClone, main, type Place, personPushes, write } from '../../support/git-place.ts'

const app = { name: 'tutti[bot]', email: '1+tutti[bot]@users.noreply.github.com' }
const branch = validBranch('module/api')
let place: Place
let clone: BareClone
eachWithClone((made) => {
  ;({ place, clone } = made)
})

/** A branch of ours with one commit, on the server. */
async function ourBranch(path = 'ours.txt', text = 'ours\n'): Promise<Sha> {
  const tree = await addTree(clone, place)
  await write(tree.path, path, text)
  const done = await clone.commit(tree, { message: 'Ours', author: app })
  if (done.kind !== 'committed') throw new Error(done.kind)
  await clone.push(branch, done.sha, { expected: null })
  return done.sha
}

async function baseMoves(path: string, text: string): Promise<Sha> {
  const base = await personPushes(place, 'main', path, text)
  await clone.fetch([main])
  return base
}

const join = (ours: Sha, theirs: Sha, how: 'merge' | 'rebase') =>
  clone.join({ ours, theirs, author: app, message: 'Joined', how })

test.each(['merge', 'rebase'] as const)('%s: both changes, and no branch moves', async (how) => {
  const ours = await ourBranch()
  const base = await baseMoves('base.txt', 'base\n')
  const result = await join(ours, base, how)
  if (result.kind !== 'joined') throw new Error(result.kind)
  const [commit] = await clone.log({ head: result.sha }, 1)
  expect(commit?.parents).toEqual(how === 'merge' ? [ours, base] : [base])
  expect(await clone.listFiles(result.sha)).toEqual(expect.arrayContaining(['base.txt', 'ours.txt']))
  expect(await clone.resolve(branch)).toBe(ours)
  expect(await join(result.sha, base, how)).toEqual({ kind: 'up-to-date' })
})

test('a branch that holds a commit of a person is merged, never rewritten', async () => {
  await ourBranch()
  const theirs = await personPushes(place, branch, 'theirs.txt', 'theirs\n')
  await clone.fetch()
  const base = await baseMoves('base.txt', 'base\n')
  const result = await join(theirs, base, 'rebase')
  expect(result).toMatchObject({ kind: 'joined', how: 'merge' })
  if (result.kind === 'joined') expect(await clone.isAncestor(theirs, result.sha)).toBe(true)
})

test('a conflict names the files and has the markers in its tree', async () => {
  const ours = await ourBranch('README.md', 'ours\n')
  const base = await baseMoves('README.md', 'base\n')
  const result = await join(ours, base, 'merge')
  if (result.kind !== 'conflict' || !result.tree) throw new Error(result.kind)
  expect(result.paths).toEqual(['README.md'])
  expect(await clone.readFile(result.tree, result.paths[0] as never)).toMatch(/<<<<<<< [\s\S]+ours[\s\S]+=======/)
})

test('a rebase takes the place of exactly the head that it was made from', async () => {
  const ours = await ourBranch()
  const base = await baseMoves('base.txt', 'base\n')
  const result = await join(ours, base, 'rebase')
  if (result.kind !== 'joined') throw new Error(result.kind)
  const theirs = await personPushes(place, branch, 'late.txt', 'late\n')
  expect(await clone.push(branch, result.sha, { expected: ours })).toEqual({ kind: 'moved', head: theirs })
  expect(await clone.remoteHead(branch, { fresh: true })).toBe(theirs)
})

test('heads are stacked in order; one that conflicts with those before it is left out', async () => {
  const heads: Sha[] = []
  for (const [at, path] of ['one.txt', 'README.md', 'README.md', 'two.txt'].entries()) {
    const tree = await addTree(clone, place, `m${at}`)
    await write(tree.path, path, `from ${at}\n`)
    const done = await clone.commit(tree, { message: 'Ours', author: app })
    if (done.kind === 'committed') heads.push(done.sha)
  }
  const { stacked, leftOut, baseTree } = await clone.stack(place.base, heads, app)
  expect(stacked.map(({ head }) => head)).toEqual([heads[0], heads[1], heads[3]])
  expect(leftOut).toEqual([heads[2]])
  expect(baseTree).toBe(await clone.treeOf(place.base))
  const last = stacked.at(-1)?.commit as Sha
  expect(await clone.listFiles(last)).toEqual(expect.arrayContaining(['one.txt', 'two.txt']))
  expect(await clone.readFile(last, 'README.md' as never)).toBe('from 1\n')
})

test('many pairs at once say the same as each alone', async () => {
  const heads: Sha[] = []
  for (const [at, path] of ['one.txt', 'README.md', 'README.md', 'two.txt'].entries()) {
    const tree = await addTree(clone, place, `p${at}`)
    await write(tree.path, path, `from ${at}\n`)
    const done = await clone.commit(tree, { message: 'Ours', author: app })
    if (done.kind === 'committed') heads.push(done.sha)
  }
  const pairs = heads.flatMap((one, at) => heads.slice(at + 1).map((other) => [one, other] as const))
  const alone = []
  for (const [one, other] of pairs) alone.push(await clone.forecast(one, other))
  expect(await clone.forecastPairs(pairs)).toEqual(alone)
  expect(alone.filter(({ clean }) => !clean)).toMatchObject([{ conflicts: ['README.md'] }])
  expect(await clone.forecastPairs([])).toEqual([])
})
