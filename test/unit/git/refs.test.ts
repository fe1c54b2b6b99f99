import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { validBranch } from '../../../src/git/names.ts'
import { readRef } from '../../../src/git/refs.ts'
import { addTree, git, main, makePlace, open, type Place, personPushes } from '../../support/git-place.ts'

let place: Place
beforeEach(async () => {
  place = await makePlace()
})
afterEach(() => place.remove())

const id = 'a'.repeat(40)

describe('the file of a ref', () => {
  it('is read where it is an id, also when it was packed, and left to git where it is anything else', async () => {
    const gitDir = join(place.person, 'by-hand')
    const heads = join(gitDir, 'refs/heads')
    await mkdir(join(heads, 'folder'), { recursive: true })
    await writeFile(join(heads, 'id'), `${id}\n`)
    await writeFile(join(heads, 'long'), `${'b'.repeat(64)}\n`)
    await writeFile(join(heads, 'symbolic'), 'ref: refs/heads/id\n')
    await writeFile(join(heads, 'half'), id.slice(0, 20))
    expect(await readRef(gitDir, 'refs/heads/id')).toBe(id)
    expect(await readRef(gitDir, 'refs/heads/long')).toBe('b'.repeat(64))
    for (const name of ['symbolic', 'half']) expect(await readRef(gitDir, `refs/heads/${name}`), name).toBe('unsure')
    const packed = ['# pack-refs with: peeled fully-peeled sorted', `${'c'.repeat(40)} refs/heads/packed`]
    const tag = [`${'d'.repeat(40)} refs/tags/v1`, `^${'e'.repeat(40)}`, `${'f'.repeat(40)} refs/heads/id`, '']
    for (const text of ['', [...packed, ...tag].join('\n')]) {
      await writeFile(join(gitDir, 'packed-refs'), text)
      for (const name of ['none', 'folder', 'id/below', 'pack', 'acked']) {
        expect(await readRef(gitDir, `refs/heads/${name}`), name).toBeUndefined()
      }
    }
    expect(await readRef(gitDir, 'refs/heads/packed')).toBe('c'.repeat(40))
    expect(await readRef(gitDir, 'refs/heads/id')).toBe(id)
  })
})

describe('a commit that is looked up', () => {
  it('is the one on the branch now, also when refs are packed, and none when the object is lost', async () => {
    const clone = await open(place)
    const tree = await addTree(clone, place)
    expect(await clone.resolve(tree.branch)).toBe(place.base)
    expect(await clone.remoteHead(main)).toBe(place.base)

    const moved = await personPushes(place, 'main', 'README.md', 'new\n')
    await clone.fetch()
    for (let look = 0; look < 2; look++) expect(await clone.remoteHead(main)).toBe(moved)

    await git(clone.gitDir, 'pack-refs', '--all')
    expect(await clone.remoteHead(main)).toBe(moved)
    expect(await clone.resolve(tree.branch)).toBe(place.base)
    expect(await clone.resolve(validBranch('module/none'))).toBeUndefined()

    await writeFile(join(clone.gitDir, 'refs/heads/lost'), `${id}\n`)
    expect(await clone.resolve(validBranch('lost'))).toBeUndefined()
    await rm(join(clone.gitDir, 'refs/heads/lost'))
    await writeFile(join(clone.gitDir, 'refs/heads/other-name'), 'ref: refs/remotes/origin/main\n')
    expect(await clone.resolve(validBranch('other-name'))).toBe(moved)
  })
})
