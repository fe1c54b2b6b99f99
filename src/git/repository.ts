/** What this folder needs to know about the bare repository behind a bare clone, and how git runs in it. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sha } from '../lib/ids.ts'
import { replaceFile } from './files.ts'
import { runGit } from './git.ts'
import type { GitCommandOptions, GitCommandResult, StartGit } from './git-options.ts'
import { type KeyedLocks, retryWhileLocked } from './locks.ts'
import type { CloneUrl } from './names.ts'

/**
 * A token for the server; undefined where it asks for none.
 * @param refused the one that the server has just refused; the same once more where there is no other.
 */
export type TokenSource = (need: 'read' | 'write', refused?: string) => Promise<string | undefined>

/** One bare repository on this machine. */
export interface BareRepository {
  /** The folder that Tutti owns for this target. */
  directory: string
  /** `<directory>/control.git`, bare. */
  gitDir: string
  /** `<directory>/private`: indexes and records, out of every agent's reach. */
  privateDir: string
  askpass: string
  url: CloneUrl
  token: TokenSource
  allowLocal: boolean
  fsck: boolean
  proxy: string | undefined
  caFile: string | undefined
  /** How many working trees are made before they are needed, in a large repository. */
  spares: number
  locks: KeyedLocks
  /** Who starts git here. */
  start: StartGit
  /** Commits that git has found here. They stay found: this repository is never pruned. */
  commits: Set<Sha>
  /** Commits that were seen to name no submodules. */
  withoutSubmodules: Set<Sha>
}

/** The whole configuration of the repository. Only Tutti may write it, so any other text is an intrusion. */
export function configText(url: CloneUrl): string {
  return [
    '# Written by Tutti and put back before each command. Settings made here do not last.',
    '[core]',
    '\trepositoryformatversion = 0',
    '\tfilemode = true',
    '\tbare = true',
    '\tlogallrefupdates = false',
    '[remote "origin"]',
    `\turl = ${url}`,
    '\tfetch = +refs/heads/*:refs/remotes/origin/*',
    '',
  ].join('\n')
}

/**
 * Runs git on the bare repository. The configuration is compared with ours first: a filter or a driver that an intruder
 * wrote there would be a program of theirs, and no `-c` can switch off a name that we do not know.
 * @throws {GitError} as `runGit` does, after waiting for lock files of other processes.
 */
export async function git(
  repository: BareRepository,
  args: readonly string[],
  options: Omit<GitCommandOptions, 'gitDir'> = {},
): Promise<GitCommandResult> {
  return retryWhileLocked(repository.gitDir, async () => {
    await restoreConfig(repository)
    return runGit(args, { ...options, gitDir: repository.gitDir }, repository.start)
  })
}

/** As `git`, for output that is one line of text. */
export async function gitLine(
  repository: BareRepository,
  args: readonly string[],
  options: Omit<GitCommandOptions, 'gitDir'> = {},
): Promise<string> {
  return (await git(repository, args, options)).stdout.toString('utf8').trim()
}

async function restoreConfig(repository: BareRepository): Promise<void> {
  const file = join(repository.gitDir, 'config')
  const expected = configText(repository.url)
  if ((await readFile(file, 'utf8').catch(() => '')) !== expected) await replaceFile(file, expected)
}
