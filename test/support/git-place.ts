/** Real repositories for the tests of this folder: a bare one as the server, and git as a person would run it. */

import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { beforeEach } from 'vitest'
import { type BareClone, openBareClone } from '../../src/git/bare-clone.ts'
import { validBranch } from '../../src/git/names.ts'
import type { ReadyWorktree } from '../../src/git/worktrees.ts'
import { type Sha, sha } from '../../src/lib/ids.ts'

const run = promisify(execFile)

export const author = { name: 'maintainer', email: 'maintainer@example.com' }
export const main = validBranch('main')

/** git as a person runs it, with settings of their own left out. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'maintainer',
    GIT_AUTHOR_EMAIL: 'maintainer@example.com',
    GIT_COMMITTER_NAME: 'maintainer',
    GIT_COMMITTER_EMAIL: 'maintainer@example.com',
  }
  const { stdout } = await run('git', args, { cwd, env })
  return stdout.trim()
}

export interface Place {
  root: string
  /** The bare repository that plays the server. */
  server: string
  /** A person's clone of it. */
  person: string
  /** The server's first commit on main. */
  base: Sha
  remove(): Promise<void>
}

/** Made once per process and copied: six starts of git less for each test. It goes with the place of all tests. */
let template: Promise<{ folder: string; base: Sha }> | undefined

async function makeTemplate(): Promise<{ folder: string; base: Sha }> {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-template-'))
  const person = join(folder, 'person')
  await git(folder, 'init', '-q', '--bare', '-b', 'main', '--template=', 'server.git')
  await git(folder, 'init', '-q', '-b', 'main', '--template=', person)
  await write(person, 'README.md', 'one\ntwo\nthree\n')
  await write(person, 'src/app.js', 'export const answer = 42\n')
  await git(person, 'remote', 'add', 'origin', '../server.git')
  const base = await commitAll(person, 'First')
  await git(person, 'push', '-q', 'origin', 'main')
  return { folder, base }
}

/** A server with one commit on main, and a person's clone. */
export async function makePlace(): Promise<Place> {
  template ??= makeTemplate()
  return copyOf(await template)
}

async function copyOf({ folder, base }: { folder: string; base: Sha }): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'tutti-workspace-'))
  await cp(folder, root, { recursive: true })
  const remove = () => rm(root, { recursive: true, force: true })
  return { root, server: join(root, 'server.git'), person: join(root, 'person'), base, remove }
}

/** A place whose server Tutti has cloned once: a first fetch starts ten processes. */
let clonedTemplate: Promise<Place> | undefined

async function makeClonedTemplate(): Promise<Place> {
  const place = await makePlace()
  await open(place)
  return place
}

/**
 * A place and Tutti's clone of its server for each test of a file. The first fetch from nothing is tested in `bare-clone.test.ts`.
 * @param take keeps them; what else it makes is ready before the test begins.
 */
export function eachWithClone(take: (made: { place: Place; clone: BareClone }) => unknown): void {
  beforeEach(async () => {
    clonedTemplate ??= makeClonedTemplate()
    const { root: folder, base } = await clonedTemplate
    const place = await copyOf({ folder, base })
    // A clone that is there takes the address that it is given.
    await take({ place, clone: await open(place) })
    return place.remove
  })
}

export async function write(folder: string, path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(folder, path)), { recursive: true })
  await writeFile(join(folder, path), text)
  await chmod(join(folder, path), mode)
}

export async function commitAll(folder: string, message: string): Promise<Sha> {
  await git(folder, 'add', '-A')
  await git(folder, 'commit', '-q', '-m', message)
  return sha(await git(folder, 'rev-parse', 'HEAD'))
}

/** A person pushes a change of one file to a branch. */
export async function personPushes(place: Place, branch: string, path: string, text: string): Promise<Sha> {
  await git(place.person, 'fetch', '-q', 'origin')
  await git(place.person, 'checkout', '-q', '-B', branch, `origin/${branch}`)
  await write(place.person, path, text)
  const commit = await commitAll(place.person, `Change ${path}`)
  await git(place.person, 'push', '-q', 'origin', branch)
  return commit
}

export function open(place: Place, name = 'tutti'): Promise<BareClone> {
  return openBareClone({
    directory: join(place.root, name),
    cloneUrl: place.server,
    token: async () => undefined,
    allowLocal: true,
  })
}

/** A worktree on `module/<name>` from the base. */
export function addTree(clone: BareClone, place: Place, name = 'api', base = place.base): Promise<ReadyWorktree> {
  return clone.addWorktree({
    path: join(place.root, 'worktrees', name),
    branch: validBranch(`module/${name}`),
    base,
  })
}
