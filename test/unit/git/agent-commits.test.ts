import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import type { ReadyWorktree } from '../../../src/git/worktrees.ts'
import type { Sha } from '../../../src/lib/ids.ts'
import {
  addTree,
  author,
  eachWithClone,
  git,
  main,
  open,
  type Place,
  personPushes,
  write,
} from '../../support/git-place.ts'

let place: Place
let clone: BareClone
let tree: ReadyWorktree
eachWithClone(async (made) => {
  ;({ place, clone } = made)
  tree = await addTree(clone, place)
})

/** An agent uses git in its tree, as honest ones do daily. */
const agent = (...args: string[]) => git(tree.path, ...args)
const request = (squashOnto?: Sha) => ({
  message: 'Work',
  author,
  ...(squashOnto ? { squashOnto } : {}),
})

describe('an agent that commits by itself', () => {
  it('leaves its files, and neither its commits nor its words', async () => {
    await write(tree.path, 'one.txt', 'one\n')
    await agent('add', '-A')
    await agent('commit', '-q', '-m', 'Mine. Closes #99 [skip ci]')
    await write(tree.path, 'two.txt', 'two\n')
    await agent('add', '-A')
    await agent('commit', '-q', '--amend', '-m', 'Amended')
    const done = await clone.commit(tree, request())
    expect(done).toMatchObject({ kind: 'committed', changes: [{ path: 'one.txt' }, { path: 'two.txt' }] })
    const log = await clone.log({ base: place.base, head: done.kind === 'committed' ? done.sha : place.base }, 10)
    expect(log).toMatchObject([{ subject: 'Work', authorEmail: author.email, parents: [place.base] }])
    // What the agent sees of its branch is Tutti's commit too.
    expect(await agent('rev-parse', 'HEAD')).toBe(log[0]?.sha)
    expect(await agent('status', '--porcelain')).toBe('')
  })

  it('has every check run on it', async () => {
    await symlink('/etc/passwd', join(tree.path, 'link'))
    await agent('add', '-A')
    await agent('commit', '-q', '-m', 'A link')
    expect(await clone.commit(tree, request())).toMatchObject({ kind: 'refused', violations: [{ kind: 'symlink' }] })
    expect(await clone.resolve(tree.branch)).toBe(place.base)
  })

  it('cannot take back what Tutti has committed, nor give up its branch', async () => {
    await write(tree.path, 'one.txt', 'one\n')
    const first = await clone.commit(tree, request())
    if (first.kind !== 'committed') throw new Error(first.kind)
    await agent('checkout', '-q', '--orphan', 'elsewhere')
    await agent('commit', '-q', '-m', 'History of my own')
    await agent('update-ref', `refs/heads/${tree.branch}`, 'HEAD')
    await write(tree.path, 'two.txt', 'two\n')
    const second = await clone.commit(tree, request())
    if (second.kind !== 'committed') throw new Error(second.kind)
    expect(await clone.log({ base: place.base, head: second.sha }, 10)).toMatchObject([
      { sha: second.sha, parents: [first.sha] },
      { sha: first.sha, parents: [place.base] },
    ])
    await agent('update-ref', '-d', `refs/heads/${tree.branch}`)
    expect(await clone.resolve(tree.branch)).toBe(second.sha)
    expect(await addTree(clone, place)).toMatchObject({ outcome: 'reused' })
    expect(await git(clone.gitDir, 'rev-parse', `refs/heads/${tree.branch}`)).toBe(second.sha)
  })

  it('cannot hide files of all trees through info/exclude', async () => {
    await mkdir(join(clone.gitDir, 'info'), { recursive: true })
    await writeFile(join(clone.gitDir, 'info/exclude'), '*.txt\n')
    await write(tree.path, 'one.txt', 'one\n')
    expect(await clone.commit(tree, request())).toMatchObject({ kind: 'committed', changes: [{ path: 'one.txt' }] })
  })
})

describe('refs of the server in the bare clone', () => {
  it('are what Tutti has fetched or pushed, whatever an agent writes there', async () => {
    await write(tree.path, '.github/tutti.yml', 'gates: none\n')
    await agent('add', '-A')
    await agent('commit', '-q', '-m', 'My own settings')
    await agent('update-ref', 'refs/remotes/origin/main', 'HEAD')
    expect(await clone.remoteHead(main)).toBe(place.base)
    await clone.fetch()
    expect(await git(clone.gitDir, 'rev-parse', 'refs/remotes/origin/main')).toBe(place.base)
  })

  it('do not make work look as if the server had it', async () => {
    await write(tree.path, 'one.txt', 'one\n')
    const done = await clone.commit(tree, request())
    if (done.kind !== 'committed') throw new Error(done.kind)
    await agent('update-ref', 'refs/remotes/origin/mine', done.sha)
    expect(await clone.removeWorktree(tree)).toMatchObject({ rescued: { sha: done.sha } })
  })

  it('follow the server: new, moved and deleted branches', async () => {
    const moved = await personPushes(place, 'main', 'README.md', 'new\n')
    await git(place.person, 'push', '-q', 'origin', "main:it's/a'of-b")
    await clone.fetch()
    expect(await clone.remoteHead(main)).toBe(moved)
    await git(place.server, 'update-ref', '-d', 'refs/heads/main')
    await clone.fetch([main])
    expect(await clone.remoteHead(main)).toBeUndefined()
    const again = await open(place, 'second')
    expect(await again.remoteHead(main)).toBeUndefined()
  })
})

describe('commits that never left', () => {
  it('become one on top of the base, and on top of what was pushed', async () => {
    const commit = async (file: string, base: Sha) => {
      await write(tree.path, file, `${file}\n`)
      const done = await clone.commit(tree, request(base))
      if (done.kind !== 'committed') throw new Error(done.kind)
      return done.sha
    }
    await commit('secret.txt', place.base)
    await git(tree.path, 'rm', '-qf', 'secret.txt').catch(() => {})
    const second = await commit('two.txt', place.base)
    expect(await clone.log({ base: place.base, head: second }, 10)).toMatchObject([{ parents: [place.base] }])
    await clone.push(tree.branch, second, { expected: 'any-ancestor' })
    await commit('three.txt', place.base)
    const fourth = await commit('four.txt', place.base)
    expect(await clone.log({ base: place.base, head: fourth }, 10)).toMatchObject([
      { parents: [second] },
      { parents: [place.base] },
    ])
    expect(await clone.push(tree.branch, fourth, { expected: 'any-ancestor' })).toEqual({ kind: 'pushed' })
  })

  it('keep a base that was merged in as a parent', async () => {
    await write(tree.path, 'one.txt', 'one\n')
    const first = await clone.commit(tree, request(place.base))
    if (first.kind !== 'committed') throw new Error(first.kind)
    await clone.push(tree.branch, first.sha, { expected: null })
    const base = await personPushes(place, 'main', 'other.txt', 'other\n')
    await clone.fetch()
    await clone.updateFromBase({ branch: tree.branch, base, author })
    await write(tree.path, 'two.txt', 'two\n')
    const second = await clone.commit(tree, request(base))
    expect(second).toMatchObject({ kind: 'committed', changes: [{ path: 'two.txt' }] })
    if (second.kind !== 'committed') return
    const [last] = await clone.log({ base: place.base, head: second.sha }, 1)
    expect(last?.parents).toEqual([first.sha, base])
  })
})
