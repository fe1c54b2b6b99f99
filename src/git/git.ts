/**
 * The one place that starts git. simple-git is not used here: it guards arguments, but what we must control is the
 * configuration on disk, the environment and the folders (`--git-dir`, `--work-tree`, GIT_INDEX_FILE, askpass), each
 * of which it forbids unless its guard is switched off; nor can it cap output or hand over a pipe for the token.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { OperatorError } from '../lib/errors.ts'
import { checkArguments } from './allowed-arguments.ts'

/** How one git command is run. */
export interface GitOptions {
  /** `--git-dir`; commands without one (`--version`, `init`, `clone`) leave it out. */
  gitDir?: string
  /** `--work-tree`, also the working folder of the command. */
  workTree?: string
  /** GIT_INDEX_FILE: an index outside of every tree. */
  index?: string
  /** Object folders to read from besides our own; data only, no configuration is read there. */
  alternates?: string
  /** Written to standard input. */
  input?: string | Buffer
  /** Most bytes of standard output. Past it the command ends and fails, or with `cut` its output so far is the result. */
  maxBytes?: number
  cut?: boolean
  /** Milliseconds until the command is ended; 5 minutes by default. */
  timeout?: number
  signal?: AbortSignal
  /** Exit codes besides 0 that are an answer and not a failure. */
  accept?: readonly number[]
  /** Author and committer of a commit. */
  author?: Author
  /** Set when the command talks to a server. */
  remote?: RemoteAccess
  /** Check objects that come in; `allow` names the faults that are only warned of. */
  fsck?: { check: boolean; allow: readonly string[] }
}

/** The person or bot a commit is made for. */
export interface Author {
  name: string
  email: string
}

/** What one command needs to talk to one server. */
export interface RemoteAccess {
  /** The program git asks for the password. It reads the token from file descriptor 3. */
  askpass: string
  /** Scheme and host that the token is for, as git writes it in its question. */
  origin: string
  token: string | undefined
  proxy?: string
  caFile?: string
  /** True where the address may be a folder of this machine. */
  allowLocal: boolean
}

export interface GitResult {
  code: number
  stdout: Buffer
  stderr: string
  /** True when the output was cut at `maxBytes`. */
  cut: boolean
}

/** A git command that failed. The message is git's first complaint; no token is in it. */
export class GitError extends OperatorError {
  override name = 'GitError'
  readonly command: string
  readonly code: number | undefined
  readonly stderr: string

  constructor(command: string, code: number | undefined, stderr: string, why?: string) {
    super(`git ${command} failed: ${why ?? complaint(stderr) ?? `exit code ${code}`}`)
    this.command = command
    this.code = code
    this.stderr = stderr
  }
}

/** Where programs are looked for: not the operator's PATH, whose first entry may be a folder that others write. */
const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin'
const fiveMinutes = 5 * 60_000
const defaultMaxBytes = 64 * 1024 * 1024
const maxErrorBytes = 64 * 1024

/**
 * Settings that win over every configuration file. They hold even if somebody wrote to our own file; see
 * `setup.ts` for that file, which is compared before each command because filters and drivers have free names.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.untrackedCache=false',
  'core.attributesFile=/dev/null',
  'core.excludesFile=/dev/null',
  'core.sshCommand=false',
  'core.gitProxy=',
  'core.editor=false',
  'core.pager=cat',
  'core.autocrlf=false',
  'core.symlinks=true',
  'core.fileMode=true',
  'core.quotePath=false',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'core.filesRefLockTimeout=500',
  'core.packedRefsTimeout=1000',
  'credential.helper=',
  'credential.useHttpPath=false',
  'credential.username=x-access-token',
  'commit.gpgSign=false',
  'push.gpgSign=false',
  'push.recurseSubmodules=no',
  'submodule.recurse=false',
  'fetch.recurseSubmodules=false',
  'fetch.writeCommitGraph=false',
  'fetch.unpackLimit=100',
  'gc.auto=0',
  'maintenance.auto=false',
  'http.followRedirects=false',
  'http.emptyAuth=false',
  'http.sslVerify=true',
  // A server that sends less than 1,000 bytes/s for a minute is taken for gone.
  'http.lowSpeedLimit=1000',
  'http.lowSpeedTime=60',
  'protocol.allow=never',
]

const remoteSettings = ['protocol.https.allow=always', 'protocol.http.allow=always']

/** How a start of git ended, before anybody judges it. */
export interface GitEnd extends GitResult {
  /** Why we ended it, where we did. */
  ended?: string
}

/** Starts git and waits for its end; see `starter.ts` for another way than `startGit`. */
export type StartGit = (args: readonly string[], options: GitOptions) => Promise<GitEnd>

/**
 * Runs git and resolves with what it wrote.
 * @param args subcommand first; checked against the list in `arguments.ts`
 * @param start who starts the process.
 * @throws {GitError} on any exit code that is not 0 or in `accept`, on a time-out, an abort, or too much output.
 */
export async function runGit(
  args: readonly string[],
  options: GitOptions = {},
  start: StartGit = startGit,
): Promise<GitResult> {
  checkArguments(args)
  const command = args[0] ?? ''
  options.signal?.throwIfAborted()
  const { ended, ...result } = await start(args, options)
  if (ended && !result.cut) throw new GitError(command, undefined, result.stderr, ended)
  if (result.code === 0 || result.cut || options.accept?.includes(result.code)) return result
  throw new GitError(command, result.code, result.stderr)
}

/** Starts git as a child of this process. @throws {OperatorError} when there is no git. */
export function startGit(args: readonly string[], options: GitOptions): Promise<GitEnd> {
  const child = spawn('git', [...globalArguments(options), ...args], {
    cwd: options.workTree ?? options.gitDir ?? '/',
    env: environment(options),
    // A group of its own: git-remote-https and index-pack end together with the git that started them.
    detached: true,
    stdio: options.remote?.token === undefined ? ['pipe', 'pipe', 'pipe'] : ['pipe', 'pipe', 'pipe', 'pipe'],
  })
  return collect(child, options)
}

function globalArguments(options: GitOptions): string[] {
  const values = [...settings, `http.proxy=${options.remote?.proxy ?? ''}`]
  if (options.remote) values.push(...remoteSettings)
  if (options.remote?.caFile) values.push(`http.sslCAInfo=${options.remote.caFile}`)
  if (options.fsck) values.push(...fsckSettings(options.fsck))
  values.push(`protocol.file.allow=${options.remote?.allowLocal ? 'always' : 'never'}`)
  const words = values.flatMap((value) => ['-c', value])
  if (options.gitDir) words.push(`--git-dir=${options.gitDir}`)
  if (options.workTree) words.push(`--work-tree=${options.workTree}`)
  return ['--no-replace-objects', '--literal-pathspecs', ...words]
}

function fsckSettings(fsck: { check: boolean; allow: readonly string[] }): string[] {
  return [`transfer.fsckObjects=${fsck.check}`, ...fsck.allow.map((fault) => `fetch.fsck.${fault}=warn`)]
}

/** Built from nothing: no GIT_* of the operator's, no home folder with a .gitconfig or .netrc, no proxy. */
function environment(options: GitOptions): Record<string, string> {
  const env: Record<string, string> = {
    PATH: searchPath,
    HOME: '/dev/null',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    GIT_PAGER: 'cat',
    GIT_ASKPASS: options.remote?.askpass ?? 'false',
  }
  if (options.index) env.GIT_INDEX_FILE = options.index
  if (options.alternates) env.GIT_ALTERNATE_OBJECT_DIRECTORIES = options.alternates
  if (options.remote) env.TUTTI_GIT_ORIGIN = options.remote.origin
  if (options.author) {
    for (const role of ['AUTHOR', 'COMMITTER']) {
      env[`GIT_${role}_NAME`] = plainName(options.author.name)
      env[`GIT_${role}_EMAIL`] = plainName(options.author.email)
    }
  }
  return env
}

/** git drops these itself, but stops when nothing is left. */
function plainName(text: string): string {
  return text.replace(/[\p{Cc}<>]/gu, '').trim() || 'unknown'
}

async function collect(child: ChildProcess, options: GitOptions): Promise<GitEnd> {
  const maxBytes = options.maxBytes ?? defaultMaxBytes
  const chunks: Buffer[] = []
  let bytes = 0
  let stderr = ''
  let ended: string | undefined
  let cut = false
  const end = (why: string) => {
    ended ??= why
    killGroup(child)
  }
  const timeout = options.timeout ?? fiveMinutes
  const timer = setTimeout(() => end(`no end after ${Math.round(timeout / 1000)} s`), timeout)
  const onAbort = () => end('it was stopped')
  options.signal?.addEventListener('abort', onAbort, { once: true })

  child.stdout?.on('data', (chunk: Buffer) => {
    if (bytes < maxBytes) chunks.push(chunk.subarray(0, maxBytes - bytes))
    bytes += chunk.length
    if (bytes <= maxBytes || cut) return
    if (options.cut) cut = true
    end(`more than ${maxBytes} bytes of output`)
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < maxErrorBytes) stderr += chunk.toString('utf8')
  })
  feed(child, options)
  try {
    const code = await exitOf(child)
    const text = hide(stderr, options.remote?.token)
    return { code, stdout: Buffer.concat(chunks), stderr: text, cut, ...(ended ? { ended } : {}) }
  } finally {
    clearTimeout(timer)
    options.signal?.removeEventListener('abort', onAbort)
  }
}

function feed(child: ChildProcess, options: GitOptions): void {
  // A command that ended before it read everything breaks the pipe; its exit code tells what happened.
  child.stdin?.on('error', () => {})
  child.stdin?.end(options.input ?? '')
  const pipe = child.stdio[3]
  if (pipe && 'end' in pipe && options.remote?.token !== undefined) {
    pipe.on('error', () => {})
    pipe.end(`${options.remote.token}\n`)
  }
}

function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      const why =
        'code' in error && error.code === 'ENOENT' ? 'git is not installed, or its folder is gone' : error.message
      reject(new OperatorError(`git could not be started: ${why}`, 'Install git 2.38 or later.'))
    })
    child.once('close', (code) => resolve(code ?? 128))
  })
}

function killGroup(child: ChildProcess): void {
  // Before `exit` was seen the process is ours to reap, so its id cannot belong to anybody else.
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It ended by itself in this moment.
  }
}

function hide(text: string, token: string | undefined): string {
  return token ? text.replaceAll(token, '***') : text
}

/** The first complaint: what follows is mostly git's parts telling each other that something failed. */
function complaint(text: string): string | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  const telling = lines.find((line) => /^(?:fatal|error):/.test(line))
  return (telling ?? lines.at(-1))?.replace(/^(?:fatal|error): /, '')
}
