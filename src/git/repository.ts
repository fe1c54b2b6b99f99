/** What every part of this folder needs to know about one control repository, and how it runs git in it. */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Sha } from '../lib/ids.ts'
import { replaceFile } from './files.ts'
import { runGit } from './git.ts'
import type { GitOptions, GitResult, StartGit } from './git-options.ts'
import { type Turns, withRetry } from './locks.ts'
import type { CloneUrl } from './names.ts'

/** Mints a token when it is needed; undefined where the server asks for none. */
export type TokenSource = (need: 'read' | 'write') => Promise<string | undefined>

/** One control repository on this machine. */
export interface Repository {
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
  turns: Turns
  /** Who starts git here. */
  start: StartGit
  /** Commits that git has found here. They stay: nothing in this repository is ever pruned. */
  commits: Set<Sha>
}

/** The control repository's whole configuration. Nobody else may write to it, so any other text is an intrusion. */
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
 * Runs git on the control repository. The configuration is compared with ours first: a filter or a driver that
 * somebody wrote there would be a program of theirs, and no `-c` can switch off a name that we do not know.
 * @throws {GitError} as `runGit` does, after waiting for locks held by other processes.
 */
export async function git(
  repository: Repository,
  args: readonly string[],
  options: Omit<GitOptions, 'gitDir'> = {},
): Promise<GitResult> {
  return withRetry(repository.gitDir, async () => {
    await guardConfig(repository)
    return runGit(args, { ...options, gitDir: repository.gitDir }, repository.start)
  })
}

/** As `git`, for output that is one line of text. */
export async function gitLine(
  repository: Repository,
  args: readonly string[],
  options: Omit<GitOptions, 'gitDir'> = {},
): Promise<string> {
  return (await git(repository, args, options)).stdout.toString('utf8').trim()
}

async function guardConfig(repository: Repository): Promise<void> {
  const file = join(repository.gitDir, 'config')
  const expected = configText(repository.url)
  if ((await readFile(file, 'utf8').catch(() => '')) !== expected) await replaceFile(file, expected)
}
