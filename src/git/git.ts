/** The one place that runs git: it checks the arguments, starts the process, and judges how it ended. */

import { OperatorError } from '../lib/errors.ts'
import { checkArguments } from './allowed-arguments.ts'
import type { GitCommandOptions, GitCommandResult, GitExit, StartGit } from './git-options.ts'
import { startLocalGit } from './start-local.ts'
import { startRemoteGit } from './start-remote.ts'

/** A git command that failed. The message is git's first complaint; no token is in it. */
export class GitError extends OperatorError {
  override name = 'GitError'
  readonly command: string
  readonly code: number | undefined
  readonly stderr: string

  /**
   * @param code undefined when we ended the command ourselves
   * @param why the reason in that case
   */
  constructor(command: string, code: number | undefined, stderr: string, why?: string) {
    super(`git ${command} failed: ${why ?? firstComplaint(stderr) ?? `exit code ${code}`}`)
    this.command = command
    this.code = code
    this.stderr = stderr
  }
}

/**
 * Runs git and resolves with what it wrote.
 * @param args subcommand first; checked against the list in `allowed-arguments.ts`
 * @param start who starts the process; this process by default
 * @throws {GitError} on any exit code that is not 0 or in `accept`, on a time-out, an abort, or too much output.
 * @throws {OperatorError} when git could not be started.
 * @throws {TypeError} for an argument that is not on the list.
 */
export async function runGit(
  args: readonly string[],
  options: GitCommandOptions = {},
  start: StartGit = startGit,
): Promise<GitCommandResult> {
  checkArguments(args)
  const command = args[0] ?? ''
  options.signal?.throwIfAborted()
  const { ended, ...result } = await start(args, options)
  if (ended && !result.cut) throw new GitError(command, undefined, result.stderr, ended)
  if (result.code === 0 || result.cut || options.accept?.includes(result.code)) return result
  throw new GitError(command, result.code, result.stderr)
}

/** Starts git as a child of this process. @throws {OperatorError} when git could not be started. */
export function startGit(args: readonly string[], options: GitCommandOptions): Promise<GitExit> {
  return options.remote ? startRemoteGit(args, options) : startLocalGit(args, options)
}

/** The first complaint: in the lines after it, parts of git report to each other that something failed. */
function firstComplaint(text: string): string | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const complaint = lines.find((line) => /^(?:fatal|error):/.test(line)) ?? lines.at(-1)
  return complaint?.replace(/^(?:fatal|error): /, '')
}
