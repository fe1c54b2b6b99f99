import { readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addedLines } from '../../../src/domain/patch.ts'
import { validBranch, validPath } from '../../../src/git/names.ts'
import { sha } from '../../../src/lib/ids.ts'
import {
  addTree,
  author,
  commitAll,
  git,
  main,
  makePlace,
  open,
  type Place,
  personPushes,
  write,
} from '../../support/git-place.ts'

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.remove())

describe('a bare clone', () => {
  it('fetches the branches of the server and leaves module branches alone', async () => {
    const clone = await open(place)
    expect(await clone.remoteHead(main)).toBe(place.base)
    const tree = await addTree(clone, place)
    await git(place.person, 'push', '-q', 'origin', 'main:refs/heads/module/api')
    const moved = await personPushes(place, 'module/api', 'README.md', 'theirs\n')
    await clone.fetch()
    expect(await clone.remoteHead(tree.branch)).toBe(moved)
    expect(await clone.resolve(tree.branch)).toBe(place.base)

    await git(place.person, 'push', '-q', 'origin', ':module/api')
    await clone.fetch([tree.branch, main])
    expect(await clone.remoteHead(tree.branch)).toBeUndefined()
    expect(await clone.remoteHead(main)).toBe(place.base)
  })

  it('asks the server only when asked to', async () => {
    const clone = await open(place)
    const moved = await personPushes(place, 'main', 'README.md', 'new\n')
    expect(await clone.remoteHead(main)).toBe(place.base)
    expect(await clone.remoteHead(main, { fresh: true })).toBe(moved)
    expect(await clone.remoteHead(validBranch('none'), { fresh: true })).toBeUndefined()
  })

  it('reads files, lists, differences and logs', async () => {
    const clone = await open(place)
    const head = await personPushes(place, 'main', 'src/app.js', 'export const answer = 43\n')
    await clone.fetch()
    expect(await clone.readFile(head, validPath('src/app.js'))).toBe('export const answer = 43\n')
    expect(await clone.readFile(head, validPath('none.js'))).toBeUndefined()
    expect(await clone.readFile(head, validPath('src'))).toBeUndefined()
    await expect(clone.readFile(head, validPath('src/app.js'), 5)).rejects.toThrow('25 bytes')
    expect(await clone.listFiles(head)).toEqual(['README.md', 'src/app.js'])
    expect(await clone.listFiles(head, 1)).toEqual(['README.md'])
    expect(await clone.diff(place.base, head, 10_000)).toMatchObject({ truncated: false })
    expect((await clone.diff(place.base, head, 10_000)).text).toContain('+export const answer = 43')
    expect(await clone.diff(place.base, head, 20)).toEqual({ truncated: true, text: 'diff --git a/src/app' })
    const log = await clone.log({ base: place.base, head }, 10)
    expect(log).toMatchObject([
      { sha: head, parents: [place.base], authorName: 'maintainer', subject: 'Change src/app.js' },
    ])
    expect(await clone.isAncestor(place.base, head)).toBe(true)
    expect(await clone.isAncestor(head, place.base)).toBe(false)
    expect(await clone.mergeBase(place.base, head)).toBe(place.base)
  })
})

describe('what gates search', () => {
  it('of a commit message is all of it', async () => {
    await write(place.person, 'a.txt', 'a\n')
    const head = await commitAll(place.person, 'One\nsubject\n\nA body.\n\nSigned-off-by: x\x1fy')
    await git(place.person, 'push', '-q', 'origin', 'HEAD:main')
    const clone = await open(place)
    await clone.fetch()
    const [one] = await clone.log({ base: place.base, head }, 10)
    expect(one).toMatchObject({ subject: 'One subject' })
    expect(one?.message.trimEnd()).toBe('One\nsubject\n\nA body.\n\nSigned-off-by: x\x1fy')
  })

  it('of a change of 200 MB is no more than they ask for, in bounded memory', async () => {
    const clone = await open(place)
    // Straight into the clone: to push and to fetch it would take much longer than what is tested here.
    await writeFile(join(place.root, 'large.txt'), Buffer.alloc(200 * 2 ** 20, `${'x'.repeat(99)}\n`))
    const blob = await git(clone.gitDir, 'hash-object', '-w', join(place.root, 'large.txt'))
    await git(clone.gitDir, 'update-index', '--add', '--cacheinfo', `100644,${blob},large.txt`)
    const tree = await git(clone.gitDir, 'write-tree')
    const head = sha(await git(clone.gitDir, 'commit-tree', '-m', 'Large', '-p', place.base, tree))
    const before = process.memoryUsage().rss
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss)
    }, 5)
    const asked = 4 * 2 ** 20
    const { text, truncated } = await clone.diff(place.base, head, asked)
    const [file] = addedLines(text)
    clearInterval(watch)
    expect(truncated).toBe(true)
    expect(text).toHaveLength(asked)
    expect(file?.numbers.length).toBeGreaterThan(40_000)
    // Pieces, the joined bytes, their text and the lines of it: some copies of what was asked for, not of the change.
    expect(most - before).toBeLessThan(120 * 2 ** 20)
  }, 60_000)
})

describe('a commit', () => {
  it('takes the tree as it is: added, changed, deleted, executable, links, odd names', async () => {
    const clone = await open(place)
    const tree = await addTree(clone, place)
    expect(tree).toMatchObject({ outcome: 'created', repaired: [] })
    await write(tree.path, 'new/deep/file.txt', 'hello\n')
    await write(tree.path, 'run.sh', '#!/bin/sh\n', 0o755)
    await write(tree.path, 'naïve – 名.txt', 'x\n')
    await write(tree.path, '-rf', 'x\n')
    await write(tree.path, 'empty', '')
    await write(tree.path, '.gitignore', 'ignored/\n')
    await write(tree.path, 'ignored/file', 'no\n')
    await symlink('new/deep', join(tree.path, 'link'))
    await rm(join(tree.path, 'src/app.js'))
    await write(tree.path, 'src/app.js/now-a-folder.js', 'x\n')
    const result = await clone.commit(tree, { message: 'Work\n\nDone.', author })
    expect(result).toMatchObject({ kind: 'committed' })
    if (result.kind !== 'committed') return
    expect(await clone.listFiles(result.sha)).toEqual([
      '-rf',
      '.gitignore',
      'README.md',
      'empty',
      'link',
      'naïve – 名.txt',
      'new/deep/file.txt',
      'run.sh',
      'src/app.js/now-a-folder.js',
    ])
    const byPath = new Map(result.changes.map((change) => [change.path, change]))
    expect(byPath.get('run.sh')).toMatchObject({ status: 'A', mode: '100755', additions: 1, bytes: 10, binary: false })
    expect(byPath.get('link')).toMatchObject({ mode: '120000', target: 'new/deep' })
    expect(await git(tree.path, 'status', '--porcelain')).toBe('')
    expect(await git(tree.path, 'log', '-1', '--format=%an %ae %s|%b')).toBe(
      'maintainer maintainer@example.com Work|Done.',
    )
    expect(await clone.commit(tree, { message: 'again', author })).toEqual({ kind: 'unchanged', sha: result.sha })
    expect(await clone.resolve(tree.branch)).toBe(result.sha)
  })

  it('sees a change that keeps size and second of the file', async () => {
    const clone = await open(place)
    const tree = await addTree(clone, place)
    await write(tree.path, 'src/app.js', 'export const answer = 43\n')
    expect(await clone.commit(tree, { message: 'a', author, paths: ['README.md'] })).toMatchObject({
      kind: 'unchanged',
    })
    await write(tree.path, 'README.md', 'ONE\ntwo\nthree\n')
    expect(await clone.commit(tree, { message: 'b', author, paths: ['README.md'] })).toMatchObject({
      changes: [{ path: 'README.md' }],
    })
    expect(await clone.commit(tree, { message: 'c', author })).toMatchObject({ changes: [{ path: 'src/app.js' }] })
    await write(tree.path, 'src/app.js', 'export const answer = 44\n')
    expect(await clone.commit(tree, { message: 'd', author })).toMatchObject({ changes: [{ path: 'src/app.js' }] })
  })

  it('replaces a folder by a link and back', async () => {
    const clone = await open(place)
    const tree = await addTree(clone, place)
    await rm(join(tree.path, 'src'), { recursive: true })
    await write(tree.path, 'lib/app.js', 'x\n')
    await symlink('lib', join(tree.path, 'src'))
    const first = await clone.commit(tree, { message: 'link', author })
    expect(first.kind === 'committed' && (await clone.listFiles(first.sha))).toEqual(['README.md', 'lib/app.js', 'src'])
    await rm(join(tree.path, 'src'))
    await write(tree.path, 'src/app.js', 'back\n')
    const second = await clone.commit(tree, { message: 'folder', author })
    expect(second.kind === 'committed' && (await clone.listFiles(second.sha))).toEqual([
      'README.md',
      'lib/app.js',
      'src/app.js',
    ])
  })

  it('keeps its index and askpass out of the tree', async () => {
    const clone = await open(place)
    const tree = await addTree(clone, place)
    const askpass = await stat(join(clone.gitDir, '../askpass.sh'))
    expect(askpass.mode & 0o777).toBe(0o700)
    expect(await readFile(join(tree.path, '.git'), 'utf8')).toBe(`gitdir: ${tree.gitDir}\n`)
  })
})
