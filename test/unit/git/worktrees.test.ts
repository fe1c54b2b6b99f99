import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { removeStaleLock } from '../../../src/git/locks.ts'
import { validBranch, validPath } from '../../../src/git/names.ts'
import type { ReadyWorktree } from '../../../src/git/worktrees.ts'
import { addTree, author, eachWithClone, git, open, type Place, personPushes, write } from '../../support/git-place.ts'

let place: Place
let clone: BareClone
eachWithClone((made) => {
  ;({ place, clone } = made)
})

const request = (tree: ReadyWorktree) => ({ path: tree.path, branch: tree.branch, base: place.base })

describe('adding a worktree', () => {
  it('takes what is there again, with work that is not committed', async () => {
    const tree = await addTree(clone, place)
    await write(tree.path, 'work.txt', 'half done\n')
    const again = await clone.addWorktree(request(tree))
    expect(again).toEqual({ ...tree, outcome: 'reused' })
    expect(await readFile(join(tree.path, 'work.txt'), 'utf8')).toBe('half done\n')
    // A new process knows it too.
    expect(await (await open(place)).addWorktree(request(tree))).toEqual({ ...tree, outcome: 'reused' })
  })

  it('starts a branch that is there where it is', async () => {
    const tree = await addTree(clone, place)
    await write(tree.path, 'work.txt', 'done\n')
    const done = await clone.commit(tree, { message: 'Work', author })
    await clone.removeWorktree(tree, { keepBranch: true })
    expect(await clone.resolve(tree.branch)).toBe(done.kind === 'committed' && done.sha)
    await addTree(clone, place)
    expect(await readFile(join(tree.path, 'work.txt'), 'utf8')).toBe('done\n')
  })

  it('names the worktree that is in the way', async () => {
    const tree = await addTree(clone, place)
    const elsewhere = { ...request(tree), path: join(place.root, 'worktrees', 'other') }
    await expect(clone.addWorktree(elsewhere)).rejects.toMatchObject({ name: 'WorktreeExists', path: tree.path })
    const otherBranch = { ...request(tree), branch: validBranch('module/other') }
    await expect(clone.addWorktree(otherBranch)).rejects.toMatchObject({
      name: 'WorktreeExists',
      branch: tree.branch,
    })
    await write(place.root, 'worktrees/full/precious.txt', 'mine\n')
    await expect(addTree(clone, place, 'full')).rejects.toMatchObject({ name: 'WorktreeExists' })
    expect(await readFile(join(place.root, 'worktrees/full/precious.txt'), 'utf8')).toBe('mine\n')
  })

  it('leaves one to an agent that may still write: the branch goes on elsewhere, the work is rescued', async () => {
    const old = await addTree(clone, place)
    await write(old.path, 'done.txt', 'done\n')
    await clone.commit(old, { message: 'Done', author })
    await clone.leaveWorktree(old)
    await clone.leaveWorktree(old)
    const path = join(place.root, 'worktrees', 'api~2')
    const next = await clone.addWorktree({ ...request(old), path })
    expect(next.outcome).toBe('created')
    expect(await readFile(join(path, 'done.txt'), 'utf8')).toBe('done\n')

    await write(old.path, 'late.txt', 'late\n')
    await expect(clone.commit(old, { message: 'Late', author })).rejects.toThrow('was left')
    await write(path, 'next.txt', 'next\n')
    expect(await clone.commit(next, { message: 'Next', author })).toMatchObject({ kind: 'committed' })
    const head = await clone.resolve(next.branch)

    const { rescued } = await clone.removeWorktree(old)
    expect(await git(clone.gitDir, 'show', '--format=', '--name-only', rescued?.ref ?? '')).toBe('late.txt')
    expect(await clone.resolve(next.branch)).toBe(head)
    expect((await clone.listWorktrees()).map((tree) => tree.path)).toEqual([path])
    expect(await clone.addWorktree({ ...request(old), path })).toMatchObject({ outcome: 'reused' })
  })

  it('puts a tree at a moved path when the old one is gone', async () => {
    const tree = await addTree(clone, place)
    await rm(tree.path, { recursive: true })
    const elsewhere = await clone.addWorktree({ ...request(tree), path: join(place.root, 'worktrees', 'other') })
    expect(elsewhere).toMatchObject({ outcome: 'created', branch: tree.branch })
    expect(await clone.listWorktrees()).toMatchObject([{ path: elsewhere.path, state: 'ready' }])
  })

  it('does not go through a link that lies where the tree should', async () => {
    await mkdir(join(place.root, 'worktrees'))
    await mkdir(join(place.root, 'elsewhere'))
    await symlink(join(place.root, 'elsewhere'), join(place.root, 'worktrees', 'api'))
    await expect(addTree(clone, place)).rejects.toMatchObject({ name: 'WorktreeExists' })
  })

  it('20 at once, with fetches and commits, do not get in each other’s way', async () => {
    const runner = async (index: number) => {
      const tree = await addTree(clone, place, `m${index}`)
      await write(tree.path, `m${index}.txt`, `${index}\n`)
      await clone.fetch()
      const done = await clone.commit(tree, { message: `Work ${index}`, author })
      if (done.kind !== 'committed') throw new Error(`${index}: ${done.kind}`)
      expect(await clone.push(tree.branch, done.sha, { expected: null })).toEqual({ kind: 'pushed' })
      expect(done.changes.map((change) => change.path)).toEqual([`m${index}.txt`])
      expect(await clone.removeWorktree(tree)).toEqual({})
      return done.sha
    }
    const heads = await Promise.all(Array.from({ length: 20 }, (_, index) => runner(index)))
    const lines = (await git(place.server, 'for-each-ref', '--format=%(objectname)', 'refs/heads/module')).split('\n')
    expect(lines.toSorted()).toEqual(heads.toSorted())
    expect(await clone.listWorktrees()).toEqual([])
    expect(await clone.rescues()).toEqual([])
  })
})

describe('damage', () => {
  /** Each makes one kind of damage to a tree with uncommitted work; `keeps` says where the work must be found. */
  const damages: [string, ReadyWorktree['outcome'], (tree: ReadyWorktree) => Promise<unknown>][] = [
    ['index.lock left behind', 'reused', (tree) => writeFile(join(tree.gitDir, 'index.lock'), '')],
    ['HEAD detached', 'reused', (tree) => writeFile(join(tree.gitDir, 'HEAD'), `${place.base}\n`)],
    ['HEAD on another branch', 'reused', (tree) => writeFile(join(tree.gitDir, 'HEAD'), 'ref: refs/heads/other\n')],
    ['HEAD empty', 'reused', (tree) => writeFile(join(tree.gitDir, 'HEAD'), '')],
    ['a merge half done', 'reused', (tree) => writeFile(join(tree.gitDir, 'MERGE_HEAD'), `${place.base}\n`)],
    ['a rebase half done', 'reused', (tree) => mkdir(join(tree.gitDir, 'rebase-merge'))],
    [
      'a config.worktree',
      'reused',
      (tree) => writeFile(join(tree.gitDir, 'config.worktree'), '[core]\n\tbare = false\n'),
    ],
    ['a broken index', 'reused', (tree) => writeFile(join(tree.gitDir, 'index'), 'nonsense')],
    ['no index', 'reused', (tree) => rm(join(tree.gitDir, 'index'))],
    ['commondir changed', 'reused', (tree) => writeFile(join(tree.gitDir, 'commondir'), `${place.person}/.git\n`)],
    ['gitdir changed', 'reused', (tree) => writeFile(join(tree.gitDir, 'gitdir'), '/nowhere/.git\n')],
    ['git’s folder for it gone', 'reused', (tree) => rm(tree.gitDir, { recursive: true })],
    ['.git gone', 'reused', (tree) => rm(join(tree.path, '.git'))],
    [
      '.git pointing elsewhere',
      'reused',
      (tree) => writeFile(join(tree.path, '.git'), `gitdir: ${place.person}/.git\n`),
    ],
    [
      '.git a link',
      'reused',
      async (tree) => {
        await rm(join(tree.path, '.git'))
        await symlink(join(place.person, '.git'), join(tree.path, '.git'))
      },
    ],
    [
      '.git a repository',
      'reused',
      async (tree) => {
        await rm(join(tree.path, '.git'))
        await git(tree.path, 'init', '-q')
      },
    ],
    ['locked', 'reused', (tree) => writeFile(join(tree.gitDir, 'locked'), '')],
    ['the private index broken', 'reused', async (tree) => writeFile(await privateFile(tree, 'index'), 'nonsense')],
    ['the private index gone', 'reused', async (tree) => rm(await privateFile(tree, 'index'))],
    ['a private lock left behind', 'reused', async (tree) => writeFile(await privateFile(tree, 'index.next.lock'), '')],
    ['the branch ref empty', 'reused', (tree) => writeFile(join(clone.gitDir, 'refs/heads', tree.branch), '')],
    [
      'the branch ref on a commit that is missing',
      'reused',
      async (tree) => writeFile(join(clone.gitDir, 'refs/heads', tree.branch), `${'1'.repeat(40)}\n`),
    ],
    [
      'the branch’s commit missing',
      'rebuilt',
      async (tree) => {
        const recorded = createHash('sha256').update(tree.branch).digest('hex').slice(0, 24)
        const files = [join(clone.gitDir, 'refs/heads', tree.branch), join(clone.gitDir, '../private/heads', recorded)]
        for (const file of files) await writeFile(file, `${'1'.repeat(40)}\n`)
      },
    ],
    ['the record gone', 'created', async (tree) => rm(await privateFile(tree, 'record.json'))],
    ['all private files gone', 'created', (_tree) => rm(join(clone.gitDir, '../private'), { recursive: true })],
  ]

  /** Found by content: the names of these folders are no one's business. */
  async function privateFile(tree: ReadyWorktree, name: string): Promise<string> {
    const key = createHash('sha256').update(tree.path).digest('hex').slice(0, 24)
    return join(clone.gitDir, '../private', key, name)
  }

  it.each(damages)('%s: the tree is %s, the work is kept, and a commit can be made', async (name, outcome, damage) => {
    const tree = await addTree(clone, place)
    await write(tree.path, 'work.txt', 'precious\n')
    await write(tree.path, 'src/app.js', 'changed\n')
    await damage(tree)
    const again = await (await open(place)).addWorktree(request(tree))
    expect(again.outcome).toBe(outcome)
    // What only we use is repaired at the commit; what git shows to people is repaired, and reported, at once.
    expect(again.repaired.length > 0).toBe(outcome !== 'created' && !name.includes('private'))
    const onRescue = again.rescued && (await clone.readFile(again.rescued.sha, validPath('work.txt')))
    const inTree = await readFile(join(tree.path, 'work.txt'), 'utf8').catch(() => undefined)
    expect(onRescue ?? inTree).toBe('precious\n')

    await write(again.path, 'after.txt', 'goes on\n')
    expect(await clone.commit(again, { message: 'After', author })).toMatchObject({ kind: 'committed' })
    expect(await git(again.path, 'status', '--porcelain')).toBe('')
    expect(await git(again.path, 'rev-parse', '--abbrev-ref', 'HEAD')).toBe('module/api')
    expect(await clone.listWorktrees()).toMatchObject([{ path: tree.path, state: 'ready' }])
  })

  it('a deleted folder is made again', async () => {
    const tree = await addTree(clone, place)
    await rm(tree.path, { recursive: true })
    expect(await clone.listWorktrees()).toMatchObject([{ state: 'missing' }])
    const again = await clone.addWorktree(request(tree))
    expect(again).toMatchObject({ outcome: 'rebuilt', repaired: ['the folder was gone'] })
    expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toContain('two')
  })

  it('a checkout that a crash cut short is done again', async () => {
    const tree = await addTree(clone, place)
    await rm(join(clone.gitDir, '../private'), { recursive: true })
    await writeFile(join(tree.gitDir, 'locked'), 'initializing\n')
    await rm(join(tree.path, 'README.md'))
    const again = await (await open(place)).addWorktree(request(tree))
    expect(again.rescued).toBeUndefined()
    expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toContain('two')
  })

  it('a tree without a record can be removed, with its work kept', async () => {
    const tree = await addTree(clone, place)
    await write(tree.path, 'work.txt', 'precious\n')
    await rm(join(clone.gitDir, '../private'), { recursive: true })
    clone = await open(place)
    const [listed] = await clone.listWorktrees()
    expect(listed).toMatchObject({ path: tree.path, branch: tree.branch, state: 'half-made' })
    const { rescued } = await clone.removeWorktree(tree)
    expect(rescued && (await clone.readFile(rescued.sha, validPath('work.txt')))).toBe('precious\n')
    expect(await clone.listWorktrees()).toEqual([])
  })

  it('commits that only a detached HEAD has go to a rescue ref', async () => {
    const tree = await addTree(clone, place)
    await git(tree.path, 'checkout', '-q', '--detach')
    await write(tree.path, 'stray.txt', 'stray\n')
    await git(tree.path, 'add', '-A')
    await git(tree.path, 'commit', '-q', '-m', 'Stray')
    const stray = await git(tree.path, 'rev-parse', 'HEAD')
    const again = await clone.addWorktree(request(tree))
    expect(again).toMatchObject({ outcome: 'reused', rescued: { sha: stray } })
    expect(await clone.rescues()).toMatchObject([{ sha: stray, branch: 'module/api' }])
  })

  it('objects that were lost are fetched again', async () => {
    await personPushes(place, 'main', 'README.md', 'newer\n')
    await clone.fetch()
    const head = await clone.remoteHead(validBranch('main'))
    const objects = join(clone.gitDir, 'objects')
    await rm(objects, { recursive: true })
    await mkdir(objects)
    await personPushes(place, 'main', 'README.md', 'newest\n')
    await clone.fetch()
    expect(head && (await clone.readFile(head, validPath('README.md')))).toBe('newer\n')
  })

  it('half a bare clone is completed', async () => {
    await rm(join(clone.gitDir, 'HEAD'))
    await rm(join(clone.gitDir, 'objects'), { recursive: true })
    const again = await open(place)
    expect(await again.readFile(place.base, validPath('README.md'))).toBe('one\ntwo\nthree\n')
  })

  it('a lock of a dead process does not stop us', async () => {
    const tree = await addTree(clone, place)
    const lock = join(clone.gitDir, 'refs/heads', `${tree.branch}.lock`)
    await writeFile(lock, '')
    await utimes(lock, new Date(0), new Date(0))
    await write(tree.path, 'work.txt', 'x\n')
    expect(await clone.commit(tree, { message: 'Past the lock', author })).toMatchObject({ kind: 'committed' })
  })

  it('a lock is removed only when it is old, no one has it open, and it is ours', async () => {
    const lock = join(clone.gitDir, 'refs/heads/a.lock')
    const old = () => utimes(lock, new Date(0), new Date(0))
    await writeFile(lock, '')
    expect(await removeStaleLock(clone.gitDir, lock)).toBe(false)
    const holder = spawn('sh', ['-c', 'exec 9>"$1"; echo held; read -r _', 'sh', lock])
    await once(holder.stdout, 'data')
    await old()
    expect(await removeStaleLock(clone.gitDir, lock)).toBe(false)
    holder.stdin.end('\n')
    await once(holder, 'exit')
    await old()
    expect(await removeStaleLock(place.person, lock)).toBe(false)
    expect(await removeStaleLock(clone.gitDir, lock)).toBe(true)
    await expect(stat(lock)).rejects.toThrow('ENOENT')
  })
})

describe('removing a worktree', () => {
  it('keeps changed and untracked files on a rescue ref', async () => {
    const tree = await addTree(clone, place)
    await write(tree.path, 'untracked.txt', 'precious\n')
    await write(tree.path, 'README.md', 'changed\n')
    await rm(join(tree.path, 'src/app.js'))
    await git(tree.path, 'init', '-q', 'nested')
    await write(tree.path, 'nested/inner.txt', 'inner\n')
    const { rescued } = await clone.removeWorktree(tree)
    expect(rescued?.ref).toMatch(/^refs\/tutti\/rescue\/module\/api\/\d{8}T\d{9}Z$/)
    if (!rescued) return
    expect(await clone.listFiles(rescued.sha)).toEqual(['README.md', 'nested/inner.txt', 'untracked.txt'])
    expect(await clone.readFile(rescued.sha, validPath('untracked.txt'))).toBe('precious\n')
    expect(await clone.rescues()).toMatchObject([{ ...rescued, branch: 'module/api', at: expect.any(Date) }])
    await expect(stat(tree.path)).rejects.toThrow('ENOENT')
    expect(await clone.resolve(tree.branch)).toBeUndefined()
    expect(await clone.removeWorktree(tree)).toEqual({})
  })

  it('keeps commits that the server does not have, unless they are known to be merged', async () => {
    for (const merged of [false, true]) {
      const tree = await addTree(clone, place)
      await write(tree.path, 'work.txt', `${merged}\n`)
      const done = await clone.commit(tree, { message: 'Work', author })
      if (done.kind !== 'committed') throw new Error(done.kind)
      const { rescued } = await clone.removeWorktree(tree, merged ? { merged: done.sha } : {})
      expect(rescued?.sha).toBe(merged ? undefined : done.sha)
    }
  })

  it('is refused while someone works in it', async () => {
    const tree = await addTree(clone, place)
    await expect(clone.removeWorktree(tree, { inUse: () => true })).rejects.toMatchObject({ name: 'WorktreeInUse' })
    const child = spawn('sh', ['-c', 'echo ready; read -r _'], { cwd: join(tree.path, 'src') })
    await once(child.stdout, 'data')
    await expect(clone.removeWorktree(tree)).rejects.toThrow(`process ${child.pid}`)
    child.stdin.end('\n')
    await once(child, 'exit')

    expect(await clone.removeWorktree(tree)).toEqual({})
  })

  it('asks again after the rescue, before it deletes', async () => {
    const tree = await addTree(clone, place)
    let asked = 0
    await expect(clone.removeWorktree(tree, { inUse: () => ++asked > 1 })).rejects.toMatchObject({
      name: 'WorktreeInUse',
    })
    expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toContain('two')
  })

  it('goes on with a removal that was cut short, and rescues nothing from its remains', async () => {
    const tree = await addTree(clone, place)
    const key = createHash('sha256').update(tree.path).digest('hex').slice(0, 24)
    const file = join(clone.gitDir, '../private', key, 'record.json')
    const record = JSON.parse(await readFile(file, 'utf8'))
    await writeFile(file, JSON.stringify({ ...record, removing: { branchAt: place.base } }))
    await rm(join(tree.path, 'README.md'))
    expect(await clone.listWorktrees()).toMatchObject([{ state: 'removing' }])
    const again = await (await open(place)).addWorktree(request(tree))
    expect(again).toMatchObject({ outcome: 'created' })
    expect(again.rescued).toBeUndefined()
    expect(await readFile(join(tree.path, 'README.md'), 'utf8')).toContain('two')
  })

  it('gets through folders whose write permission was taken away', async () => {
    const tree = await addTree(clone, place)
    await write(tree.path, '.gitignore', 'cache/\n')
    await clone.commit(tree, { message: 'Ignore', author })
    await write(tree.path, 'cache/deep/file', 'x')
    await git(tree.path, 'status')
    const child = spawn('chmod', ['-R', 'a-w', join(tree.path, 'cache')])
    await once(child, 'exit')
    await clone.removeWorktree(tree, { keepBranch: true })
    await expect(stat(tree.path)).rejects.toThrow('ENOENT')
  })
})
