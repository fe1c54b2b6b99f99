/** The world that is driven: a playground GitHub, a database, a repository with issues, and Tutti as a child process. */

import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { type LogLine, type Program, startProgram } from '../../src/playground/demo/program.ts'
import type { IssueRecord, RepositoryRecord } from '../../src/playground/github/model.ts'
import { type PlaygroundGitHub, startGitHub } from '../../src/playground/github/server.ts'

/** Three agents at once: with more of them on two cores, none would come to its end between two kills. */
const settings = `agent: scripted
limits: { idleMinutes: 1, agents: 3 }
gates:
  commands:
    - { name: tests, run: '! grep -rqs BROKEN src', minutes: 2 }
`

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))

export interface ChaosWorld {
  github: PlaygroundGitHub
  repository: RepositoryRecord
  issues: IssueRecord[]
  /** One more issue, of the same kind. */
  addIssue(): Promise<IssueRecord>
  /** Starts Tutti; resolves when it serves, or has ended. */
  start(): Promise<void>
  /** Ends it with a signal, and waits until it is gone. */
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
  /**
   * Starts one more Tutti on the same database, which the caller ends. Webhooks still go where they went.
   * @param options.root of its code. @param options.name of its data directory and its log.
   * @throws with its last lines, where it ends instead of serving.
   */
  startBeside(options: { root: string; name: string; onLine?: (line: LogLine) => void }): Promise<Program>
  /** Cuts this share of the connections of its database; how many that were. */
  cutConnections(chosen: (index: number) => boolean): Promise<number>
  /** Processes of an ended Tutti that are left, in words. */
  leftovers(): Promise<string[]>
  /** Keeps the log of Tutti beyond `close`. @returns where it is now. */
  keepLog(seed: number): Promise<string>
  /** Ends everything and removes it. */
  close(): Promise<void>
}

/**
 * Opens the world; Tutti is not started yet.
 * @param options.database a Postgres in which a database can be made; without it, the embedded one.
 * @param options.through puts something between Tutti and its database. @returns the address that Tutti is given.
 */
export async function openChaosWorld(options: {
  items: number
  database: string | undefined
  through?: (databaseUrl: string) => Promise<string>
}): Promise<ChaosWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-chaos-'))
  const github = await startGitHub({ directory: join(directory, 'github'), rateLimit: 1_000_000 })
  const repository = await github.createRepository({
    owner: 'acme',
    name: 'app',
    files: { 'README.md': '# App\n', 'src/main.txt': 'works\n', '.github/tutti.yml': settings },
    collaborators: { maintainer: 'admin' },
  })
  const database = options.database ? await createDatabase(options.database) : undefined
  await mkdir(join(directory, 'data'))
  const issues: IssueRecord[] = []
  const addIssue = async () => {
    const issue = await writeIssue(github, repository, issues.length)
    issues.push(issue)
    return issue
  }
  for (let index = 0; index < options.items; index++) await addIssue()
  const databaseUrl = database && options.through ? await options.through(database.url) : database?.url
  const env = environment(github, directory, databaseUrl)
  const tutti = runTutti(github, env, directory)
  return {
    github,
    repository,
    issues,
    addIssue,
    ...tutti,
    startBeside: async ({ root, name, onLine }) => {
      await mkdir(join(directory, name), { recursive: true })
      return startProgram({
        main: join(root, 'src/main.ts'),
        env: {
          ...env,
          ...{ DATA_DIR: join(directory, name), DRAIN_SECONDS: '60' },
          AGENT_FILES: join(root, 'src/playground/agent/scripted.ts'),
        },
        logFile: join(tmpdir(), `tutti-upgrade-${name}.log`),
        onLine: (line) => {
          onLine?.(line)
          github.changed.dispatchEvent(new Event('change'))
        },
      })
    },
    cutConnections: async (chosen) => (database ? database.cut(chosen) : 0),
    leftovers: () => leftovers(directory),
    keepLog: async (seed) => {
      const kept = join(tmpdir(), `tutti-chaos-${seed}.log`)
      await copyFile(join(directory, 'tutti.log'), kept)
      return kept
    },
    close: async () => {
      await tutti.stop()
      await github.close()
      await database?.drop()
      await rm(directory, { recursive: true, force: true, maxRetries: 3 })
    },
  }
}

function environment(github: PlaygroundGitHub, directory: string, databaseUrl: string | undefined) {
  return {
    PATH: process.env.PATH ?? '',
    HOME: directory,
    NODE_COMPILE_CACHE: join(tmpdir(), 'tutti-compile-cache'),
    NODE_NO_WARNINGS: '1',
    LOG_LEVEL: 'info',
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
    GITHUB_API_URL: github.apiUrl,
    PORT: '0',
    DATA_DIR: join(directory, 'data'),
    AGENT: 'scripted',
    AGENT_FILES: source('playground/agent/scripted.ts'),
    MEMORY_PER_AGENT_MB: '64',
    RETRY_DELAY_SECONDS: '0.2',
    STOP_GRACE_SECONDS: '1',
    // What was lost is found sooner than by default, so that a run takes minutes and not hours.
    // The limits of GitHub.com are a test of their own; within them 200 issues take three hours.
    API_LIMIT_FACTOR: '1000',
    SWEEP_MINUTES: '0.1',
    IDLE_SWEEP_MINUTES: '0.2',
    ...(databaseUrl ? { DATABASE_URL: databaseUrl } : {}),
  }
}

/** It writes a file of its own, and works long enough to be killed in the middle. */
function writeIssue(github: PlaygroundGitHub, repository: RepositoryRecord, index: number): Promise<IssueRecord> {
  const body = ['```tutti-script', 'pause 300', `write src/file-${index}.txt: line ${index}`, '```'].join('\n')
  return github.as('maintainer').createIssue(repository, { title: `Write file ${index}`, body })
}

function runTutti(github: PlaygroundGitHub, env: Record<string, string>, directory: string) {
  let running: Promise<void> | undefined
  let child: Program['process'] | undefined
  let ending = false
  const kill = async (signal: 'SIGKILL' | 'SIGTERM') => {
    ending = true
    if (child && child.exitCode === null && child.signalCode === null) {
      const gone = new Promise((resolve) => child?.once('exit', resolve))
      child.kill(signal)
      await gone
    }
    await running
  }
  const start = () => {
    ending = false
    running = startProgram({
      main: source('main.ts'),
      env,
      logFile: join(directory, 'tutti.log'),
      onSpawn: (process) => (child = process),
      onLine: (_line: LogLine) => github.changed.dispatchEvent(new Event('change')),
    }).then(
      (started) => {
        github.setWebhookUrl(`${started.url}/api/github/webhooks`)
      },
      (error: Error) => {
        if (!ending) process.stderr.write(`${error.message}\n`)
      },
    )
    return running
  }
  return { start, kill, stop: () => kill('SIGTERM') }
}

async function createDatabase(serverUrl: string) {
  const name = `tutti_chaos_${randomBytes(5).toString('hex')}`
  const admin = new pg.Client({ connectionString: serverUrl })
  await admin.connect()
  await admin.query(`create database ${name}`)
  const url = Object.assign(new URL(serverUrl), { pathname: `/${name}` }).href
  return {
    url,
    cut: async (chosen: (index: number) => boolean) => {
      const { rows } = await admin.query('select pid from pg_stat_activity where datname = $1', [name])
      const pids = rows.map((row: { pid: number }) => row.pid).filter((_: number, index: number) => chosen(index))
      for (const pid of pids) await admin.query('select pg_terminate_backend($1)', [pid])
      return pids.length
    },
    drop: async () => {
      await admin.query(`drop database if exists ${name} with (force)`)
      await admin.end()
    },
  }
}

/** Processes that still work in the directory. What is left on the disk is the next start's to tidy up. */
async function leftovers(directory: string): Promise<string[]> {
  const found: string[] = []
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '')
    if (cwd.startsWith(join(directory, 'data'))) found.push(`process ${pid} is left in ${cwd}`)
  }
  return found
}
