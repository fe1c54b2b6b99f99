import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import type { ReadyWorktree } from '../../../src/git/worktrees.ts'
import { addTree, author, commitAll, git, main, makePlace, open, type Place, write } from '../../support/git-place.ts'

let place: Place
let clone: BareClone
let tree: ReadyWorktree
const pointer = (digit: string) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${digit.repeat(64)}\nsize 300000\n`

beforeEach(async () => {
  place = await makePlace()
  await write(place.person, '.gitattributes', '*.bin filter=lfs diff=lfs merge=lfs -text\n')
  await write(place.person, 'model.bin', pointer('1'))
  await write(place.person, '.gitignore', 'dist/\n*.secret\nnode_modules/\n')
  await commitAll(place.person, 'LFS')
  await git(place.person, 'push', '-q', 'origin', 'main')
  clone = await open(place)
  tree = await addTree(clone, place, 'api', await clone.remoteHead(main))
})
afterEach(() => place.remove())

describe('a file under git LFS', () => {
  it.each([
    ['replaced by its content', 'model.bin', 'x'.repeat(300_000)],
    ['that is new, with content', 'data/new.bin', 'small'],
  ])('%s is refused with the reason', async (_what, path, content) => {
    await write(tree.path, path, content)
    const refused = await clone.commit(tree, { message: 'Work', author })
    expect(refused).toMatchObject({ kind: 'refused', violations: [{ path, kind: 'lfs' }] })
    expect(refused.kind === 'refused' && refused.violations[0]?.reason).toContain('not supported yet: ')
  })

  it('may be another pointer, and other files are not its concern', async () => {
    await write(tree.path, 'model.bin', pointer('2'))
    await write(tree.path, 'model.txt', 'x'.repeat(300_000))
    expect(await clone.commit(tree, { message: 'Work', author })).toMatchObject({ kind: 'committed' })
  })
})

describe('ignored files', () => {
  it('are listed, folders as one, without what tools leave', async () => {
    await write(tree.path, 'dist/a.js', 'a\n')
    await write(tree.path, 'dist/b.js', 'b\n')
    await write(tree.path, 'src/key.secret', 'k\n')
    await write(tree.path, 'node_modules/x/index.js', 'x\n')
    expect(await clone.listIgnored(tree)).toEqual(['dist/', 'src/key.secret'])
  })
})
