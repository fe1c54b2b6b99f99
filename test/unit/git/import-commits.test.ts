import { access, appendFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { validBranch, validPath } from '../../../src/git/names.ts'
import type { ReadyWorktree } from '../../../src/git/worktrees.ts'
import { sha } from '../../../src/lib/ids.ts'
import { setTrap } from '../../support/evil.ts'
import { author, commitAll, eachWithClone, git, type Place, write } from '../../support/git-place.ts'

let place: Place
let clone: BareClone
let tree: ReadyWorktree
const branch = validBranch('module/api')
eachWithClone(async (made) => {
  ;({ place, clone } = made)
  const path = join(place.root, 'worktrees', 'api')
  tree = await clone.addWorktree({ path, branch, base: place.base, scratch: true })
})

describe('a scratch repository', () => {
  it('lets an agent commit, and its commits are imported', async () => {
    expect(tree).toMatchObject({ scratch: true, outcome: 'created' })
    expect(clone.bindings(tree).readOnly).toEqual([clone.gitDir])
    await write(tree.path, 'a.txt', 'a\n')
    await commitAll(tree.path, 'One')
    await write(tree.path, 'b.txt', 'b\n')
    const head = await commitAll(tree.path, 'Two')
    expect(await clone.resolve(branch)).toBe(place.base)
    const imported = await clone.importFrom(tree.path, branch)
    expect(imported).toMatchObject({ kind: 'imported', sha: head, changes: [{ path: 'a.txt' }, { path: 'b.txt' }] })
    expect(await clone.resolve(branch)).toBe(head)
    expect(await clone.importFrom(tree.path, branch)).toEqual({ kind: 'unchanged', sha: head })
    // What the agent did not commit is committed for it.
    await write(tree.path, 'c.txt', 'c\n')
    const done = await clone.commit(tree, { message: 'Rest', author })
    expect(done).toMatchObject({ kind: 'committed', changes: [{ path: 'c.txt' }] })
    const [last] = await clone.log({ head: done.kind === 'committed' ? done.sha : head }, 1)
    expect(last?.parents).toEqual([head])
    // The objects are here, not only borrowed.
    await rm(tree.path, { recursive: true })
    expect(await clone.readFile(head, validPath('b.txt'))).toBe('b\n')
  })

  it('is imported from packed refs and from a bundle too', async () => {
    await write(tree.path, 'a.txt', 'a\n')
    const first = await commitAll(tree.path, 'One')
    await git(tree.path, 'gc', '-q')
    expect(await clone.importFrom(tree.path, branch)).toMatchObject({ kind: 'imported', sha: first })
    await write(tree.path, 'b.txt', 'b\n')
    const second = await commitAll(tree.path, 'Two')
    const bundle = join(place.root, 'work.bundle')
    await git(tree.path, 'bundle', 'create', '-q', bundle, branch, `^${first}`)
    expect(await clone.importFrom(bundle, branch)).toMatchObject({ kind: 'imported', sha: second })
    await expect(clone.importFrom(bundle, validBranch('main'))).rejects.toThrow('no branch main')
  })

  it('runs nothing that its configuration or hooks name', async () => {
    const trap = await setTrap(join(place.root, 'trap'))
    await write(tree.path, 'a.txt', 'a\n')
    const head = await commitAll(tree.path, 'One')
    await appendFile(join(tree.path, '.git/config'), trap.config)
    await write(tree.path, '.gitattributes', trap.attributes)
    expect(await clone.importFrom(tree.path, branch)).toMatchObject({ kind: 'imported', sha: head })
    await clone.commit(tree, { message: 'Rest', author })
    // A missing object must not be looked for at the promisor remote, whose address is a program.
    await write(tree.path, 'b.txt', 'b\n')
    await writeFile(join(tree.path, '.git/refs/heads', branch), `${'1'.repeat(40)}\n`)
    await expect(clone.importFrom(tree.path, branch)).rejects.toThrow('git pack-objects failed')
    await rm(join(tree.path, '.git/refs/heads', branch))
    await symlink('/etc/hostname', join(tree.path, '.git/refs/heads', branch))
    await expect(clone.importFrom(tree.path, branch)).rejects.toThrow('no branch')
    expect(await trap.sprung()).toEqual([])
  })

  it('cannot bring in history that is not built on the branch', async () => {
    await git(tree.path, 'checkout', '-q', '--orphan', 'other')
    await git(tree.path, 'commit', '-q', '-m', 'Other')
    await git(tree.path, 'branch', '-f', branch, 'other')
    expect(await clone.importFrom(tree.path, branch)).toMatchObject({ kind: 'diverged' })
    expect(await clone.resolve(branch)).toBe(place.base)
  })

  it('has each of its commits checked, not only the last', async () => {
    await symlink('/etc/passwd', join(tree.path, 'x'))
    await commitAll(tree.path, 'Link')
    await rm(join(tree.path, 'x'))
    await commitAll(tree.path, 'Link gone again')
    expect(await clone.importFrom(tree.path, branch)).toMatchObject({
      kind: 'refused',
      violations: [{ path: 'x', kind: 'symlink' }],
    })
  })

  it('cannot bring in trees that git itself would refuse to write', async () => {
    const { execFileSync } = await import('node:child_process')
    const blob = await git(tree.path, 'hash-object', '-w', 'README.md')
    const entry = Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')])
    const bad = execFileSync('git', ['hash-object', '-t', 'tree', '-w', '--stdin', '--literally'], {
      cwd: tree.path,
      input: entry,
      encoding: 'utf8',
    }).trim()
    const commit = sha(await git(tree.path, 'commit-tree', bad, '-p', place.base, '-m', 'Evil'))
    await git(tree.path, 'update-ref', `refs/heads/${branch}`, commit)
    await expect(clone.importFrom(tree.path, branch)).rejects.toThrow('hasDotgit')
    expect(await clone.resolve(branch)).toBe(place.base)
  })

  it('that was not imported is kept on a rescue ref when it is removed', async () => {
    await write(tree.path, 'a.txt', 'a\n')
    const head = await commitAll(tree.path, 'One')
    await write(tree.path, 'b.txt', 'b\n')
    const { rescued } = await clone.removeWorktree(tree)
    if (!rescued) throw new Error('nothing was rescued')
    expect(await clone.isAncestor(head, rescued.sha)).toBe(true)
    expect(await clone.listFiles(rescued.sha)).toEqual(['README.md', 'a.txt', 'b.txt', 'src/app.js'])
    await expect(access(tree.path)).rejects.toThrow('ENOENT')
  })
})
