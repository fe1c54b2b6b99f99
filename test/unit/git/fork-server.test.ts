import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createForkServer, type ForkServer } from '../../../src/git/fork-server.ts'
import { GitError, runGit } from '../../../src/git/git.ts'
import { processTable } from '../../../src/lib/process-table.ts'
import { makePlace, open, type Place } from '../../support/git-place.ts'

let place: Place
let forkServer: ForkServer
const lost: string[] = []
beforeEach(async () => {
  place = await makePlace()
  lost.length = 0
  forkServer = createForkServer({ onLost: (reason) => lost.push(reason) })
})
afterEach(async () => {
  forkServer.close()
  await place.remove()
})

/** A server that takes connections and says nothing. */
async function silentServer(): Promise<{ server: Server; url: string }> {
  const server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (!address || typeof address === 'string') throw new Error('no port')
  return { server, url: `http://127.0.0.1:${address.port}/none.git` }
}

const ask = (url: string) => ['ls-remote', '-q', '--end-of-options', url, 'refs/heads/main']
const remoteOf = (url: string) => ({ askpass: 'false', origin: url, token: undefined, allowLocal: false })

it('runs git as a child would: bytes in, bytes out, exit codes, complaints', async () => {
  const clone = await open(place)
  const bytes = Buffer.from([0, 1, 254, 255, 10, 0])
  const at = { gitDir: clone.gitDir }
  const write = execFileSync('git', ['--git-dir', clone.gitDir, 'hash-object', '-w', '--stdin'], { input: bytes })
  const id = write.toString('utf8').trim()
  const read = await runGit(['cat-file', '--batch'], { ...at, input: Buffer.from(`${id}\n`) }, forkServer.start)
  expect(read.stdout.equals(Buffer.concat([Buffer.from(`${id} blob 6\n`), bytes, Buffer.from('\n')]))).toBe(true)

  const none = ['rev-parse', '--verify', '-q', '--end-of-options', 'refs/heads/none^{commit}']
  expect(await runGit(none, { ...at, accept: [1] }, forkServer.start)).toMatchObject({ code: 1, stderr: '' })
  const failing = await runGit(none.toSpliced(2, 1), at, forkServer.start).catch((error: unknown) => error)
  expect(failing).toBeInstanceOf(GitError)
  expect(failing).toMatchObject({ command: 'rev-parse', message: expect.stringContaining('Needed a single revision') })
  const cut = await runGit(
    ['cat-file', '--batch'],
    { ...at, input: `${id}\n`, maxBytes: 5, cut: true },
    forkServer.start,
  )
  expect(cut).toMatchObject({ cut: true, stdout: Buffer.from(id.slice(0, 5)) })
  await expect(runGit(['--version'], { gitDir: join(place.root, 'none') }, forkServer.start)).rejects.toThrow(
    'folder is gone',
  )
})

it('ends a command that takes too long or is no longer wanted, and says when it was itself ended', async () => {
  const { server, url } = await silentServer()
  const remote = remoteOf(url)
  await expect(runGit(ask(url), { remote, timeout: 200 }, forkServer.start)).rejects.toThrow('no end after')
  const stop = new AbortController()
  server.once('connection', () => stop.abort())
  await expect(runGit(ask(url), { remote, signal: stop.signal }, forkServer.start)).rejects.toThrow('it was stopped')

  const before = forkServer.pid ?? 0
  server.once('connection', () => process.kill(before, 'SIGKILL'))
  await expect(runGit(ask(url), { remote, timeout: 20_000 }, forkServer.start)).rejects.toThrow('git was lost')
  expect(lost).toEqual([expect.stringContaining('SIGKILL')])
  expect((await runGit(['--version'], {}, forkServer.start)).stdout.toString()).toContain('git version')
  expect(forkServer.pid).not.toBe(before)
  server.close()
})

it('ends with its orchestrator, and git with it', { timeout: 20_000 }, async () => {
  const { server, url } = await silentServer()
  const asked = once(server, 'connection')
  const orchestrator = fork(join(import.meta.dirname, '../../fixtures/fork-server.fixture.ts'), [url], { execArgv: [] })
  const [pid] = (await once(orchestrator, 'message')) as [number]
  const [connection] = await asked
  connection.resume()
  expect(processTable().find(pid)).toBeDefined()
  orchestrator.kill('SIGKILL')
  // git's end of the connection closes when git is gone.
  await once(connection, 'close')
  await expect.poll(() => processTable().find(pid), { timeout: 10_000 }).toBeUndefined()
  server.close()
})
