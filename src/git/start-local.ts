/** Starts a git command that talks to no server, through simple-git. */

import { constants } from 'node:os'
import { GitConstructError, GitPluginError, type SimpleGit, type SimpleGitOptions, simpleGit } from 'simple-git'
import { OperatorError } from '../lib/errors.ts'
import { notStarted, overflowReason, stopReason, timeoutReason } from './end-reasons.ts'
import { defaultMaxBytes, defaultTimeout, type GitCommandOptions, type GitExit } from './git-options.ts'
import { type Collected, collectBytes } from './git-output.ts'
import { gitEnvironment, gitSettings, globalOptions, workingFolder } from './git-settings.ts'

/** The guards that our own fixed settings would trip. Every other guard of simple-git stays on. */
const unsafe = {
  // `--git-dir`, `--work-tree` and GIT_CONFIG_GLOBAL=/dev/null.
  allowUnsafeConfigPaths: true,
  // Each of these is set to nothing, so that no configuration file can set it to a program.
  allowUnsafeHooksPath: true,
  allowUnsafeFsMonitor: true,
  allowUnsafeSshCommand: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeAskPass: true,
} satisfies SimpleGitOptions['unsafe']

/** What simple-git reported about the end of the process. */
interface Ending {
  code: number
  error: Buffer | Error | undefined
}

/**
 * Starts git as a child of this process and waits for its end.
 * @throws {OperatorError} when git is missing, its folder is gone, or simple-git refuses an argument.
 */
export async function startLocalGit(args: readonly string[], options: GitCommandOptions): Promise<GitExit> {
  const overflow = new AbortController()
  const ending: Ending = { code: 0, error: undefined }
  const git = createGit(options, overflow.signal, ending)
  let stdout: Collected | undefined
  let stderr: Collected | undefined
  git.outputHandler((_command, out, err) => {
    takeOver(out)
    takeOver(err)
    stdout = collectBytes(out, options.maxBytes ?? defaultMaxBytes, () => overflow.abort())
    stderr = collectBytes(err)
  })
  await git.raw([...globalOptions(options), ...args]).catch((error: unknown) => {
    if (!(error instanceof GitPluginError)) throw error
    throw new OperatorError(`git ${args[0]} was refused by simple-git: ${error.message}`)
  })
  // Without a reason of ours and without streams, there was no process.
  const ended = reasonOf(ending, overflow.signal, options)
  if (!ended && (ending.code < 0 || !stdout)) throw spawnFailure(ending)
  return {
    code: ending.code,
    stdout: stdout?.bytes() ?? Buffer.alloc(0),
    stderr: stderr?.bytes().toString('utf8') ?? '',
    cut: stdout?.overflowed() === true && options.cut === true,
    ...(ended ? { ended } : {}),
  }
}

/** One instance per command: an instance holds one environment, one limit and one input. */
function createGit(options: GitCommandOptions, overflow: AbortSignal, ending: Ending): SimpleGit {
  const env = gitEnvironment(options)
  const input = typeof options.input === 'string' ? Buffer.from(options.input) : options.input
  try {
    return simpleGit({
      baseDir: workingFolder(options),
      config: gitSettings(options),
      unsafe,
      allowEnvironment: Object.keys(env),
      abort: options.signal ? AbortSignal.any([options.signal, overflow]) : overflow,
      // The whole time of the command: output does not prolong it.
      timeout: { block: options.timeout ?? defaultTimeout, stdOut: false, stdErr: false },
      // With `onExit`, output that is still in the pipe 50 ms after the exit would be lost.
      completion: { onClose: true, onExit: false },
      // An empty buffer closes standard input; an empty string would leave it open.
      input: () => input ?? Buffer.alloc(0),
      // Nothing is an error here: `runGit` judges exit codes, and some of them are answers.
      errors: (error, { exitCode }) => {
        // The exit code is null when a signal ended the process.
        ending.code = exitCode ?? 128
        ending.error = error
        return undefined
      },
    }).env(env)
  } catch (error) {
    throw error instanceof GitConstructError ? notStarted() : error
  }
}

/**
 * Takes a stream from simple-git, which would keep all of it and decode it as UTF-8; a pack or a blob does not survive
 * that. The empty chunk at the end counts as output: after a command without any, simple-git waits 50 ms more.
 */
function takeOver(stream: NodeJS.ReadableStream): void {
  stream.removeAllListeners('data')
  stream.once('end', () => stream.emit('data', Buffer.alloc(0)))
}

/** simple-git reports a failed start as an exit code of minus errno, and the stack of the error as the complaint. */
function spawnFailure({ code, error }: Ending): OperatorError {
  const [firstLine] = String(error).split('\n')
  return notStarted(code === -constants.errno.ENOENT ? undefined : firstLine)
}

/** Why we ended the command; undefined when it ended by itself. */
function reasonOf({ error }: Ending, overflow: AbortSignal, options: GitCommandOptions): string | undefined {
  if (overflow.aborted) return overflowReason(options)
  if (!(error instanceof GitPluginError)) return undefined
  return error.plugin === 'timeout' ? timeoutReason(options) : stopReason
}
