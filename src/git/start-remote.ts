/**
 * Starts a git command that talks to a server or to another repository. simple-git cannot run these (ADR 0007): askpass
 * reads the token from file descriptor 3, and git-remote-https must end together with the git that started it.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { notStarted, overflowReason, stopReason, timeoutReason } from './end-reasons.ts'
import { defaultMaxBytes, defaultTimeout, type GitCommandOptions, type GitExit } from './git-options.ts'
import { collectBytes } from './git-output.ts'
import { gitEnvironment, gitSettings, globalOptions, workingFolder } from './git-settings.ts'

/**
 * Starts git as a child of this process and waits for its end. The command gets no standard input.
 * @throws {OperatorError} when git is missing, or its folder is gone.
 */
export async function startRemoteGit(args: readonly string[], options: GitCommandOptions): Promise<GitExit> {
  const token = options.remote?.token
  const settings = gitSettings(options).flatMap((value) => ['-c', value])
  const child = spawn('git', [...settings, ...globalOptions(options), ...args], {
    cwd: workingFolder(options),
    env: gitEnvironment(options),
    // A group of its own: git-remote-https and index-pack are in it and end with it.
    detached: true,
    stdio: token === undefined ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  let ended: string | undefined
  const end = (why: string) => {
    ended ??= why
    killGroup(child)
  }
  const stdout = collectBytes(child.stdout, options.maxBytes ?? defaultMaxBytes, () => end(overflowReason(options)))
  const stderr = collectBytes(child.stderr)
  sendToken(child, token)
  const timer = setTimeout(() => end(timeoutReason(options)), options.timeout ?? defaultTimeout)
  const onAbort = () => end(stopReason)
  options.signal?.addEventListener('abort', onAbort, { once: true })
  try {
    const code = await exitOf(child)
    const text = withoutToken(stderr.bytes().toString('utf8'), token)
    const cut = stdout.overflowed() && options.cut === true
    return { code, stdout: stdout.bytes(), stderr: text, cut, ...(ended ? { ended } : {}) }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
  }
}

/** Writes the token to file descriptor 3, once, and closes it. */
function sendToken(child: ChildProcess, token: string | undefined): void {
  const pipe = child.stdio[3]
  if (token === undefined || !pipe || !('end' in pipe)) return
  // A server that asks for no password leaves the token unread, and the pipe breaks.
  pipe.on('error', () => {})
  pipe.end(`${token}\n`)
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT'
      reject(missing ? notStarted() : notStarted(error.message))
    })
    // The code is null when a signal ended the process.
    child.once('close', (code) => resolve(code ?? 128))
  })
}

function killGroup(child: ChildProcess): void {
  // Until we have seen the exit, the process is ours to reap, so its id cannot belong to another one.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended by itself in this moment.
  }
}

function withoutToken(text: string, token: string | undefined): string {
  return token ? text.replaceAll(token, '***') : text
}
