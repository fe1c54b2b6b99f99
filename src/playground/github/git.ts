/** Runs git, with nothing of the machine's own configuration and one small environment. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { PlaygroundError } from '../errors.ts'

export interface GitOutput {
  status: number
  stdout: string
  stderr: string
}

export interface GitRunOptions {
  /** Given to git on its standard input. */
  input?: string | Buffer
  env?: Record<string, string>
  /** Exit codes that are an answer, not an error. Default: 0. */
  accept?: number[]
}

export interface Git {
  /** Runs `git --git-dir=<directory> …args`. Rejects when git ends with a code that is not accepted. */
  run(directory: string, args: string[], options?: GitRunOptions): Promise<GitOutput>
  /** What git prints, as bytes. */
  bytes(directory: string, args: string[]): Promise<Buffer>
  /** The environment every git process gets. */
  env: Record<string, string>
  /** Path of the program that speaks git's HTTP protocol as a CGI. */
  httpBackend: string
  /** Remembers a child process, to be ended with `close`. */
  keep(child: ChildProcess): void
  /** Ends every git process still running. */
  close(): void
}

let execPath: Promise<string> | undefined

/**
 * Git for one playground. `home` is an existing directory; a `gitconfig` is written there.
 * The machine's git is asked once per process where its programs are, and from then on called by its full path: so no
 * environment variable of the caller (`GIT_DIR` in a hook, say) reaches it.
 * @throws {PlaygroundError} when git is not installed.
 */
export async function findGit(home: string): Promise<Git> {
  const config = join(home, 'gitconfig')
  execPath ??= askExecPath()
  const [programs] = await Promise.all([
    execPath,
    // An imported repository may belong to another user of the machine.
    writeFile(config, '[safe]\n\tdirectory = *\n[gc]\n\tauto = 0\n[init]\n\tdefaultBranch = main\n'),
  ])
  const env = {
    PATH: `${programs}:/usr/local/bin:/usr/bin:/bin`,
    HOME: home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: config,
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
    TZ: 'UTC',
  }
  const children = new Set<ChildProcess>()
  function keep(child: ChildProcess): void {
    children.add(child)
    child.once('close', () => children.delete(child))
  }
  function start(directory: string, args: string[], more: Record<string, string> = {}): ChildProcess {
    const options = { env: { ...env, ...more }, stdio: 'pipe' as const }
    const child = spawn(join(programs, 'git'), [`--git-dir=${directory}`, ...args], options)
    keep(child)
    return child
  }
  return {
    env,
    keep,
    httpBackend: join(programs, 'git-http-backend'),
    async run(directory, args, options = {}) {
      const { status, stdout, stderr } = await collect(start(directory, args, options.env), args, options)
      return { status, stdout: stdout.toString('utf8'), stderr }
    },
    async bytes(directory, args) {
      return (await collect(start(directory, args), args, {})).stdout
    },
    close() {
      for (const child of children) child.kill('SIGKILL')
    },
  }
}

async function askExecPath(): Promise<string> {
  try {
    return (await promisify(execFile)('git', ['--exec-path'])).stdout.trim()
  } catch (error) {
    execPath = undefined
    throw new PlaygroundError('git does not start', 'Install git 2.38 or later.', { cause: error })
  }
}

function collect(
  child: ChildProcess,
  args: string[],
  options: GitRunOptions,
): Promise<{ status: number; stdout: Buffer; stderr: string }> {
  const accept = options.accept ?? [0]
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = []
    const stderr: Buffer[] = []
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk))
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk))
    child.once('error', reject)
    child.once('close', (code) => {
      const result = {
        status: code ?? 128,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8'),
      }
      if (accept.includes(result.status)) return resolve(result)
      reject(new Error(`git ${args[0]} ended with ${result.status}: ${result.stderr.trim()}`))
    })
    // git may end before it has read everything; its exit code says so, the broken pipe adds nothing.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(options.input ?? '')
  })
}
