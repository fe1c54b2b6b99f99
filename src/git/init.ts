/** Makes a bare clone, or what is missing of it. */

import { mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import { exists, isDirectory, replaceFile } from './files.ts'
import { runGit, startGit } from './git.ts'
import type { StartGit } from './git-options.ts'
import { createKeyedLocks, type KeyedLocks } from './locks.ts'
import { validCloneUrl } from './names.ts'
import { type BareRepository, configText, type TokenSource } from './repository.ts'

/** How a bare clone is opened. */
export interface BareCloneOptions {
  /** A folder that belongs to Tutti alone, made if it does not exist. `control.git` goes into it. */
  directory: string
  cloneUrl: string
  token: TokenSource
  /** Check every object that comes in. On by default. */
  fsck?: boolean
  /** Take a folder of this machine as the address. Off by default. */
  allowLocal?: boolean
  /** Take plain http to other machines. Off by default. */
  allowHttp?: boolean
  /** Proxy for git, as `http.proxy` writes it. The environment's proxy settings are not read. */
  proxy?: string
  /** Certificates of the server's authority, a PEM file. */
  caFile?: string
  /** How many working trees are made before they are needed, in a large repository; none when not given. */
  spares?: number
  /** Who starts git; this process when not given. */
  start?: StartGit
}

/** `git merge-tree --write-tree` came with 2.38. */
const oldestGit: readonly [number, number] = [2, 38]

/**
 * git asks this for the password. The token comes through file descriptor 3, so it stands in no argument, no
 * environment and no file. It is given out for its own server only.
 */
const askpassText = `#!/bin/sh
case "$1" in
"Password for '$TUTTI_GIT_ORIGIN'"*) ;;
*) exit 1 ;;
esac
IFS= read -r token <&3 || exit 1
printf '%s\\n' "$token"
`

/** Two BareClone objects of one folder share their locks: a repository is locked, not an object. */
const locksByDirectory = new Map<string, KeyedLocks>()

/**
 * Makes the folder, the bare repository, its configuration and the askpass program, each only where it is missing or
 * differs. What the repository holds already stays.
 * @throws {UserError} when the clone address is refused.
 * @throws {OperatorError} when git is missing or too old.
 */
export async function initBareClone(options: BareCloneOptions): Promise<BareRepository> {
  const url = validCloneUrl(options.cloneUrl, options)
  const start = options.start ?? startGit
  await checkGit(start)
  await mkdir(resolve(options.directory), { recursive: true, mode: 0o700 })
  const directory = await realpath(options.directory)
  const locks = locksByDirectory.get(directory) ?? createKeyedLocks()
  locksByDirectory.set(directory, locks)
  const repository: BareRepository = {
    directory,
    gitDir: join(directory, 'control.git'),
    privateDir: join(directory, 'private'),
    askpass: join(directory, 'askpass.sh'),
    url,
    token: options.token,
    allowLocal: options.allowLocal ?? false,
    fsck: options.fsck ?? true,
    proxy: options.proxy,
    caFile: options.caFile,
    spares: options.spares ?? 0,
    locks,
    start,
    commits: new Set(),
    withoutSubmodules: new Set(),
  }
  await locks.runExclusive('setup', () => build(repository))
  return repository
}

async function build(repository: BareRepository): Promise<void> {
  await mkdir(repository.privateDir, { recursive: true, mode: 0o700 })
  // Only when it differs: a program that is being written cannot be started in that moment.
  if ((await readFile(repository.askpass, 'utf8').catch(() => '')) !== askpassText) {
    await replaceFile(repository.askpass, askpassText, 0o700)
  }
  const { gitDir } = repository
  if (!(await isComplete(gitDir))) {
    // What was fetched before is gone with the repository.
    await rm(join(repository.privateDir, 'remote-heads'), { force: true })
    await makeBare(gitDir)
  }
  await replaceFile(join(gitDir, 'config'), configText(repository.url))
}

/**
 * What git needs to take a folder for a repository (gitrepository-layout). `git init` would add the system's template
 * with its hooks and attributes. HEAD names a branch that no module uses.
 */
async function makeBare(gitDir: string): Promise<void> {
  for (const name of ['objects', 'refs/heads']) await mkdir(join(gitDir, name), { recursive: true, mode: 0o700 })
  await replaceFile(join(gitDir, 'HEAD'), 'ref: refs/heads/tutti-none\n')
}

async function isComplete(gitDir: string): Promise<boolean> {
  const folders = await Promise.all(['objects', 'refs'].map((name) => isDirectory(join(gitDir, name))))
  return folders.every(Boolean) && (await exists(join(gitDir, 'HEAD')))
}

let checked: Promise<void> | undefined

/** Once per process. After a failure the next call checks again: git may have been installed meanwhile. */
function checkGit(start: StartGit): Promise<void> {
  checked ??= checkVersion(start).catch((error: unknown) => {
    checked = undefined
    throw error
  })
  return checked
}

async function checkVersion(start: StartGit): Promise<void> {
  const text = (await runGit(['--version'], {}, start)).stdout.toString('utf8')
  const match = /(?<major>\d+)\.(?<minor>\d+)/.exec(text)
  const major = Number(match?.groups?.major)
  const minor = Number(match?.groups?.minor)
  if (major > oldestGit[0] || (major === oldestGit[0] && minor >= oldestGit[1])) return
  throw new OperatorError(`git is too old: ${text.trim()}`, `Install git ${oldestGit.join('.')} or later.`)
}
