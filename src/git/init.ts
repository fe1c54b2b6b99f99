/** Makes the control repository, or what is missing of it. */

import { mkdir, readFile, realpath, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import { exists, isDirectory, replaceFile } from './files.ts'
import { runGit, startGit } from './git.ts'
import type { StartGit } from './git-options.ts'
import { createTurns, type Turns } from './locks.ts'
import { validCloneUrl } from './names.ts'
import { configText, type Repository, type TokenSource } from './repository.ts'

/** How a control repository is opened. */
export interface ControlOptions {
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
  /** Who starts git; this process when not given. */
  start?: StartGit
}

/** `git merge-tree --write-tree` came with 2.38. */
const oldestGit: readonly [number, number] = [2, 38]

/**
 * git asks this for the password. The token comes through file descriptor 3, so it stands in no argument, no
 * environment and no file; and it is given out for the one server it is meant for, whoever asks.
 */
const askpassText = `#!/bin/sh
case "$1" in
"Password for '$TUTTI_GIT_ORIGIN'"*) ;;
*) exit 1 ;;
esac
IFS= read -r token <&3 || exit 1
printf '%s\\n' "$token"
`

/** Two Control objects of one folder share their turns; a repository is locked, not an object. */
const turnsByDirectory = new Map<string, Turns>()

/**
 * Makes the folder, the bare repository, its configuration and the askpass program, each only where it is missing
 * or differs. Nothing that is in the repository already is lost.
 * @throws {UserError} when the clone address is refused. @throws {OperatorError} when git is missing or too old.
 */
export async function prepare(options: ControlOptions): Promise<Repository> {
  const url = validCloneUrl(options.cloneUrl, options)
  await checkGit(options.start ?? startGit)
  await mkdir(resolve(options.directory), { recursive: true, mode: 0o700 })
  const directory = await realpath(options.directory)
  const turns = turnsByDirectory.get(directory) ?? createTurns()
  turnsByDirectory.set(directory, turns)
  const repository: Repository = {
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
    turns,
    start: options.start ?? startGit,
    commits: new Set(),
  }
  await turns.take('setup', () => build(repository))
  return repository
}

async function build(repository: Repository): Promise<void> {
  await mkdir(repository.privateDir, { recursive: true, mode: 0o700 })
  // Written only when it differs: a program that is being written cannot be started in that moment.
  if ((await readFile(repository.askpass, 'utf8').catch(() => '')) !== askpassText) {
    await replaceFile(repository.askpass, askpassText, 0o700)
  }
  const { gitDir } = repository
  if (!(await looksWhole(gitDir))) {
    // What was fetched before is gone with the repository.
    await rm(join(repository.privateDir, 'fetched'), { force: true })
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

async function looksWhole(gitDir: string): Promise<boolean> {
  const folders = await Promise.all(['objects', 'refs'].map((name) => isDirectory(join(gitDir, name))))
  return folders.every(Boolean) && (await exists(join(gitDir, 'HEAD')))
}

let checked: Promise<void> | undefined

/** Asked once per process; a git that is missing is asked for again at the next call. */
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
