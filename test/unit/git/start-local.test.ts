import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { BareClone } from '../../../src/git/bare-clone.ts'
import { startLocalGit } from '../../../src/git/start-local.ts'
import { eachWithClone, type Place } from '../../support/git-place.ts'

let place: Place
let clone: BareClone
eachWithClone((made) => {
  ;({ place, clone } = made)
})
afterEach(() => vi.unstubAllEnvs())

/** Writes a blob as a person would. */
function writeBlob(bytes: Buffer): string {
  const args = ['--git-dir', clone.gitDir, 'hash-object', '-w', '--stdin']
  return execFileSync('git', args, { input: bytes }).toString('utf8').trim()
}

describe('output', () => {
  it('arrives byte for byte, a blob as well as a pack', async () => {
    const bytes = randomBytes(300_000)
    const id = writeBlob(bytes)
    const { gitDir } = clone
    const blob = await startLocalGit(['cat-file', 'blob', id], { gitDir })
    expect(blob.stdout.equals(bytes)).toBe(true)
    const pack = await startLocalGit(['pack-objects', '--stdout', '-q'], { gitDir, input: `${id}\n` })
    expect(pack.stdout.toString('latin1', 0, 4)).toBe('PACK')
    expect(await startLocalGit(['index-pack', '--stdin', '--strict'], { gitDir, input: pack.stdout })).toMatchObject({
      code: 0,
      stderr: '',
    })
  })

  it('past the limit ends the command, and what came before is kept', async () => {
    const id = writeBlob(randomBytes(2_000_000))
    const options = { gitDir: clone.gitDir, maxBytes: 1000 }
    const ended = await startLocalGit(['cat-file', 'blob', id], options)
    expect(ended).toMatchObject({ ended: 'more than 1000 bytes of output', cut: false })
    expect(ended.stdout).toHaveLength(1000)
    expect(await startLocalGit(['cat-file', 'blob', id], { ...options, cut: true })).toMatchObject({ cut: true })
  })

  it('that is empty costs no waiting', async () => {
    const run = () => startLocalGit(['merge-base', '--is-ancestor', place.base, place.base], { gitDir: clone.gitDir })
    // simple-git would wait 50 ms after it.
    const timers = vi.spyOn(globalThis, 'setTimeout')
    expect(await run()).toMatchObject({ code: 0 })
    expect(timers.mock.calls.filter(([, ms]) => ms === 50)).toEqual([])
    timers.mockRestore()
  })
})

describe('input and the end of a command', () => {
  it('without input, standard input is closed', async () => {
    expect(await startLocalGit(['cat-file', '--batch'], { gitDir: clone.gitDir })).toMatchObject({ code: 0 })
    expect(await startLocalGit(['cat-file', '--batch'], { gitDir: clone.gitDir, input: '' })).toMatchObject({
      code: 0,
    })
  })

  it('exit codes and complaints are reported, not thrown', async () => {
    const { gitDir } = clone
    expect(await startLocalGit(['rev-parse', '--verify', 'none'], { gitDir })).toMatchObject({
      code: 128,
      stderr: expect.stringContaining('Needed a single revision'),
    })
    expect(await startLocalGit(['rev-parse', '-q', '--verify', 'none'], { gitDir })).toMatchObject({
      code: 1,
      stderr: '',
    })
  })

  it('a command that is stopped says so, also before its process was there', async () => {
    const early = new AbortController()
    const ended = startLocalGit(['rev-parse', 'HEAD'], { gitDir: clone.gitDir, signal: early.signal })
    early.abort()
    expect((await ended).ended).toBe('it was stopped')
    const late = new AbortController()
    const input = `${writeBlob(randomBytes(1000))}\n`.repeat(200_000)
    const options = { gitDir: clone.gitDir, input, maxBytes: 10_000_000_000, signal: late.signal }
    setTimeout(() => late.abort(), 50)
    expect((await startLocalGit(['cat-file', '--batch'], options)).ended).toBe('it was stopped')
  })

  it('a time limit holds although output keeps coming', async () => {
    const id = writeBlob(randomBytes(1000))
    const input = `${id}\n`.repeat(200_000)
    const ended = await startLocalGit(['cat-file', '--batch'], {
      gitDir: clone.gitDir,
      input,
      timeout: 50,
      maxBytes: 10_000_000_000,
    })
    expect(ended.ended).toBe('no end after 0 s')
  })
})

describe('guards', () => {
  it.each([
    [['-c', 'alias.x=!true', 'x'], 'allowUnsafeAlias'],
    [['-c', 'core.editor=true', 'status'], 'allowUnsafeEditor'],
    [['-c', 'core.pager=true', 'log'], 'allowUnsafePager'],
    [['-c', 'diff.external=true', 'diff'], 'allowUnsafeDiffExternal'],
    [['-c', 'filter.x.clean=true', 'add', '.'], 'allowUnsafeFilter'],
    [['-c', 'protocol.ext.allow=always', 'fetch'], 'allowUnsafeProtocolOverride'],
    [['--exec-path=/tmp', 'status'], 'allowUnsafeExec'],
    [['fetch', '--upload-pack=true', '.'], 'allowUnsafePack'],
    [['init', '--template=/tmp', '.'], 'allowUnsafeTemplateDir'],
  ])('of simple-git stay on: %j', async (args, guard) => {
    await expect(startLocalGit(args, { gitDir: clone.gitDir })).rejects.toThrow(guard)
  })

  it('no protocol is allowed, whatever the configuration says', async () => {
    const args = ['-c', 'safe.bareRepository=all', 'ls-remote', place.server]
    expect(await startLocalGit(args, { gitDir: clone.gitDir })).toMatchObject({
      code: 128,
      stderr: expect.stringContaining("transport 'file' not allowed"),
    })
  })

  it('nothing of our environment reaches git', async () => {
    vi.stubEnv('GIT_AUTHOR_NAME', 'someone else')
    vi.stubEnv('GIT_CONFIG_COUNT', '1')
    vi.stubEnv('GIT_CONFIG_KEY_0', 'user.name')
    vi.stubEnv('GIT_CONFIG_VALUE_0', 'someone else')
    const author = { name: 'maintainer', email: 'maintainer@example.com' }
    const { stdout } = await startLocalGit(['var', '-l'], { gitDir: clone.gitDir, author })
    expect(stdout.toString('utf8')).toContain('GIT_AUTHOR_IDENT=maintainer <maintainer@example.com>')
    expect(stdout.toString('utf8')).not.toContain('someone else')
  })
})
