/** The world that is driven: a playground GitHub, a database, repositories with issues, and Tutti as child processes. */

import { mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type LogLine, type Program, startProgram } from '../../src/playground/demo/program.ts'
import type { IssueRecord, RepositoryRecord } from '../../src/playground/github/model.ts'
import { type PlaygroundGitHub, startGitHub } from '../../src/playground/github/server.ts'
import { createRunDatabase } from './database.ts'
import { type OwnPostgres, startOwnPostgres } from './own-postgres.ts'
import { type ProcessRole, prepareProcesses, type TuttiProcess } from './tutti.ts'

/** Three agents at once: with more of them on two cores, none would come to its end between two kills. */
const settings = `agent: scripted
limits: { idleMinutes: 1, agents: 3 }
gates:
  commands:
    - { name: tests, run: '! grep -rqs BROKEN src', minutes: 2 }
`

/**
 * With several repositories: as many agents of a process as two cores can serve, since all of them begin again after a kill (with
 * 8, half of all agents were begun for nothing); and a search for what was missed that does not take most of the time. Each reads
 * the deliveries of the last ten minutes, and a thousand come in a minute.
 */
const forRepositories = { MAX_AGENTS: '4', SWEEP_MINUTES: '1', IDLE_SWEEP_MINUTES: '1' }
/** With several processes: what one has left is taken over sooner than by default. */
const forProcesses = { HEARTBEAT_SECONDS: '3', HEARTBEAT_TIMEOUT_SECONDS: '15' }

/**
 * Deliveries that arrived are forgotten after this time, in ms, and what they carried before: no one asks for them again. Each git that
 * this process starts copies its page tables: the larger it is, the slower.
 */
const keepArrivedMs = 600_000
const keepContentMs = 30_000
/** Calls of the API that are remembered. */
const keepCalls = 1_000
/** How often is forgotten, in ms. */
const forgetEveryMs = 5_000

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url))

export interface WorldOptions {
  /** A Postgres in which a database can be made; `own` makes one and allows to end it; without it, the embedded one. */
  database: string | 'own' | undefined
  /** Puts something between Tutti and its database. @returns the address that Tutti is given. */
  through?: (databaseUrl: string) => Promise<string>
  /** How many repositories the issues are spread over, 1 without it. */
  repositories?: number
  /** What the processes of Tutti do; one that does everything without it. */
  roles?: readonly ProcessRole[]
}

export interface ChaosWorld {
  github: PlaygroundGitHub
  repositoryOf(issue: IssueRecord): RepositoryRecord
  /** All that were written so far, oldest first. */
  issues: IssueRecord[]
  /** One more issue, of the same kind, in the next repository. */
  addIssue(): Promise<IssueRecord>
  /** The processes of Tutti, not started yet. */
  processes: TuttiProcess[]
  /** The first of them: where there is one alone. */
  tutti: TuttiProcess
  /** Where the run has a server of its own. */
  postgres: OwnPostgres | undefined
  /** Ends all processes politely. */
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
  /** Has `close` leave the logs, and the cluster of an own Postgres. @returns where. */
  keep(): string
  /** Ends everything and removes it. */
  close(): Promise<void>
}

/** Opens the world; Tutti is not started yet. */
export async function openChaosWorld(options: WorldOptions): Promise<ChaosWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-chaos-'))
  const github = await startGitHub({ directory: join(directory, 'github'), rateLimit: 1_000_000 })
  const postgres = options.database === 'own' ? await startOwnPostgres(join(directory, 'postgres')) : undefined
  const server = postgres?.url ?? options.database
  const database = server ? await createRunDatabase(server) : undefined
  const { repositories: count = 1, roles = ['all'] } = options
  const repositories = await createRepositories(github, count)
  const databaseUrl = database && options.through ? await options.through(database.url) : database?.url
  const env = {
    ...environment(github, directory, databaseUrl),
    ...(count > 1 ? forRepositories : {}),
    ...(roles.length > 1 ? forProcesses : {}),
  }
  const { processes, close } = await prepareProcesses({ github, directory, env }, roles)
  const [tutti] = processes
  if (!tutti) throw new Error('there is no process of Tutti to start')
  const stop = async () => void (await Promise.all(processes.map((one) => one.kill('SIGTERM'))))
  const forgetting = setInterval(() => forgetArrived(github), forgetEveryMs)
  let kept = false
  return {
    ...{ github, processes, tutti, postgres, stop },
    ...createBacklog(github, repositories),
    startBeside: (other) => startBeside(github, { directory, env }, other),
    cutConnections: async (chosen) => (database ? database.cut(chosen) : 0),
    leftovers: () => leftovers(directory),
    keep: () => {
      kept = true
      return directory
    },
    close: async () => {
      clearInterval(forgetting)
      close()
      await stop()
      await github.close()
      if (!postgres) await database?.drop()
      await postgres?.stop()
      await remove(directory, kept)
    },
  }
}

async function createRepositories(github: PlaygroundGitHub, count: number): Promise<RepositoryRecord[]> {
  const repositories: RepositoryRecord[] = []
  for (let index = 0; index < count; index++) {
    const wish = {
      owner: 'acme',
      name: index === 0 ? 'app' : `app-${index + 1}`,
      files: { 'README.md': '# App\n', 'src/main.txt': 'works\n', '.github/tutti.yml': settings },
      collaborators: { maintainer: 'admin' as const },
    }
    repositories.push(await github.createRepository(wish))
  }
  return repositories
}

function createBacklog(github: PlaygroundGitHub, repositories: readonly RepositoryRecord[]) {
  const issues: IssueRecord[] = []
  const homes = new Map<IssueRecord, RepositoryRecord>()
  const repositoryOf = (issue: IssueRecord) => {
    const home = homes.get(issue)
    if (!home) throw new Error(`#${issue.number} is of no repository`)
    return home
  }
  const addIssue = async () => {
    const repository = repositories[issues.length % repositories.length] as RepositoryRecord
    const issue = await writeIssue(github, repository, issues.length)
    homes.set(issue, repository)
    issues.push(issue)
    return issue
  }
  return { issues, repositoryOf, addIssue }
}

async function startBeside(
  github: PlaygroundGitHub,
  { directory, env }: { directory: string; env: Record<string, string> },
  { root, name, onLine }: Parameters<ChaosWorld['startBeside']>[0],
): Promise<Program> {
  await mkdir(join(directory, name), { recursive: true })
  return startProgram({
    main: join(root, 'src/main.ts'),
    env: {
      ...env,
      // An earlier version knows no 0 there.
      ...{ DATA_DIR: join(directory, name), DRAIN_SECONDS: '60', API_LIMIT_FACTOR: '1000' },
      AGENT_FILES: join(root, 'src/playground/agent/scripted.ts'),
    },
    logFile: join(tmpdir(), `tutti-upgrade-${name}.log`),
    onLine: (line) => {
      onLine?.(line)
      github.changed.dispatchEvent(new Event('change'))
    },
  })
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
    AGENT: 'scripted',
    AGENT_FILES: source('playground/agent/scripted.ts'),
    MEMORY_PER_AGENT_MB: '64',
    RETRY_DELAY_SECONDS: '0.2',
    STOP_GRACE_SECONDS: '1',
    // What was lost is found sooner than by default, so that a run takes minutes and not hours.
    // The limits of GitHub.com are a test of their own; within them 200 issues take three hours.
    API_LIMIT_FACTOR: '0',
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

/** Those that failed stay: they are asked for again. */
function forgetArrived({ deliveries, calls }: PlaygroundGitHub): void {
  calls.splice(0, Math.max(0, calls.length - keepCalls))
  const now = Date.now()
  const left = deliveries.filter((one) => one.statusCode !== 202 || now - one.deliveredAt.getTime() < keepArrivedMs)
  deliveries.splice(0, deliveries.length, ...left)
  for (const one of left) {
    if (one.statusCode !== 202 || now - one.deliveredAt.getTime() < keepContentMs) continue
    one.payload = ''
    one.answer = { headers: null, payload: null }
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

/** @param kept leaves the logs, and what the run's own Postgres has stored. */
async function remove(directory: string, kept: boolean): Promise<void> {
  for (const name of await readdir(directory))
    if (!kept || !(name.endsWith('.log') || name === 'postgres'))
      await rm(join(directory, name), { recursive: true, force: true, maxRetries: 3 })
  if (!kept) await rm(directory, { recursive: true, force: true })
}
