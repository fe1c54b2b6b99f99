import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { validPath } from '../../../src/git/names.ts'
import type { ReadyWorktree } from '../../../src/git/worktrees.ts'
import type { Sha } from '../../../src/lib/ids.ts'
import { addTree, author, eachWithClone, git, open, type Place, personPushes, write } from '../../support/git-place.ts'

let place: Place
let clone: BareClone
let tree: ReadyWorktree
eachWithClone(async (made) => {
  ;({ place, clone } = made)
  tree = await addTree(clone, place)
})

async function commit(path: string, text: string): Promise<Sha> {
  await write(tree.path, path, text)
  const done = await clone.commit(tree, { message: `Change ${path}`, author })
  if (done.kind !== 'committed') throw new Error(JSON.stringify(done))
  return done.sha
}

async function baseMoves(path: string, text: string): Promise<Sha> {
  const base = await personPushes(place, 'main', path, text)
  await clone.fetch()
  return base
}

describe('a forecast', () => {
  it('says what merges and what does not, and leaves everything as it is', async () => {
    const ours = await commit('README.md', 'ONE\ntwo\nthree\n')
    const other = await baseMoves('src/app.js', 'x\n')
    expect(await clone.forecast(ours, other)).toMatchObject({ clean: true })
    const same = await baseMoves('README.md', 'uno\ntwo\nthree\n')
    expect(await clone.forecast(ours, same)).toMatchObject({ clean: false, conflicts: ['README.md'] })
    expect(await clone.resolve(tree.branch)).toBe(ours)
    expect(await git(tree.path, 'status', '--porcelain')).toBe('')
  })
})

describe('an update from the base', () => {
  it('makes a merge commit and brings the files along', async () => {
    const ours = await commit('work.txt', 'ours\n')
    const base = await baseMoves('src/app.js', 'theirs\n')
    const merged = await clone.updateFromBase({ branch: tree.branch, base, author, message: 'Bring main in' })
    if (merged.kind !== 'merged') throw new Error(merged.kind)
    const [commitMade] = await clone.log({ head: merged.sha }, 1)
    expect(commitMade).toMatchObject({ parents: [ours, base], subject: 'Bring main in', authorName: 'maintainer' })
    expect(await readFile(join(tree.path, 'src/app.js'), 'utf8')).toBe('theirs\n')
    expect(await git(tree.path, 'status', '--porcelain')).toBe('')
    expect(await clone.commit(tree, { message: 'nothing', author })).toMatchObject({ kind: 'unchanged' })
    expect(await clone.updateFromBase({ branch: tree.branch, base, author })).toEqual({
      kind: 'up-to-date',
      sha: merged.sha,
    })
  })

  it('needs no worktree', async () => {
    await commit('work.txt', 'ours\n')
    await clone.removeWorktree(tree, { keepBranch: true })
    const base = await baseMoves('src/app.js', 'theirs\n')
    expect(await clone.updateFromBase({ branch: tree.branch, base, author })).toMatchObject({ kind: 'merged' })
  })

  it('does nothing over work that is not committed', async () => {
    const ours = await commit('README.md', 'ONE\ntwo\nthree\n')
    const base = await baseMoves('new.txt', 'theirs\n')
    await write(tree.path, 'new.txt', 'mine\n')
    expect(await clone.updateFromBase({ branch: tree.branch, base, author })).toEqual({ kind: 'dirty' })
    expect(await readFile(join(tree.path, 'new.txt'), 'utf8')).toBe('mine\n')
    expect(await clone.resolve(tree.branch)).toBe(ours)
  })

  it('says where it conflicts and leaves the tree as it is', async () => {
    const ours = await commit('README.md', 'ONE\ntwo\nthree\n')
    const base = await baseMoves('README.md', 'uno\ntwo\nthree\n')
    const outcome = await clone.updateFromBase({ branch: tree.branch, base, author })
    expect(outcome).toEqual({ kind: 'conflict', paths: ['README.md'], marked: false })
    expect(await clone.resolve(tree.branch)).toBe(ours)
    expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toBe('ONE\ntwo\nthree\n')
  })

  it('marks the conflict for an agent, whose next commit is the merge', async () => {
    const ours = await commit('README.md', 'ONE\ntwo\nthree\n')
    await baseMoves('src/app.js', 'theirs\n')
    const base = await baseMoves('README.md', 'uno\ntwo\nthree\n')
    const outcome = await clone.updateFromBase({ branch: tree.branch, base, author, conflicts: 'mark' })
    expect(outcome).toEqual({ kind: 'conflict', paths: ['README.md'], marked: true })
    expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toContain('<<<<<<< ')
    expect(await clone.updateFromBase({ branch: tree.branch, base, author })).toEqual({ kind: 'dirty' })

    const early = await clone.commit(tree, { message: 'Too early', author })
    expect(early).toMatchObject({ kind: 'refused', violations: [{ path: 'README.md', kind: 'conflict' }] })
    // A restart in between forgets nothing.
    clone = await open(place)
    expect(await clone.addWorktree({ path: tree.path, branch: tree.branch, base: place.base })).toMatchObject({
      outcome: 'reused',
    })
    await write(tree.path, 'README.md', 'ONE uno\ntwo\nthree\n')
    const done = await clone.commit(tree, { message: 'Merge', author })
    if (done.kind !== 'committed') throw new Error(JSON.stringify(done))
    const [commitMade] = await clone.log({ head: done.sha }, 1)
    expect(commitMade?.parents).toEqual([ours, base])
    expect(await clone.readFile(done.sha, validPath('src/app.js'))).toBe('theirs\n')
    expect(await clone.isAncestor(base, done.sha)).toBe(true)
    expect(await clone.updateFromBase({ branch: tree.branch, base, author })).toMatchObject({ kind: 'up-to-date' })
    await commit('after.txt', 'one parent again\n')
    const [after] = await clone.log({ head: (await clone.resolve(tree.branch)) ?? done.sha }, 1)
    expect(after?.parents).toEqual([done.sha])
  })

  it('takes over a submodule that the base brought, without asking', async () => {
    await commit('work.txt', 'ours\n')
    await git(place.person, 'update-index', '--add', '--cacheinfo', `160000,${place.base},lib`)
    await git(place.person, 'commit', '-q', '-m', 'Submodule')
    const base = await baseMoves('.gitmodules', '[submodule "lib"]\n\tpath = lib\n\turl = ../lib.git\n')
    expect(await clone.updateFromBase({ branch: tree.branch, base, author })).toMatchObject({ kind: 'merged' })
    expect((await stat(join(tree.path, '.gitmodules'))).isFile()).toBe(true)
  })
})
