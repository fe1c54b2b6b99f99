/**
 * The stage of every story: a playground GitHub, a Tutti that serves it, a repository, and people. Stories say what
 * people do and wait for facts that people can see.
 */

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Logger, pino } from 'pino'
import { onTestFailed, onTestFinished } from 'vitest'
import { startTutti, type Tutti } from '../../src/app.ts'
import { type Env, readEnv } from '../../src/config/env.ts'
import type {
  IssueRecord as Issue,
  PullIssue,
  RepositoryRecord as Repository,
  Role,
} from '../../src/playground/github/model.ts'
import type { Person } from '../../src/playground/github/person.ts'
import { type PlaygroundGitHub as GitHub, type GitHubOptions, startGitHub } from '../../src/playground/github/server.ts'
import { manifest } from '../../src/playground/manifest.ts'
import { scriptedAgentFile } from './scripted-agent.ts'
import { prepareDatabase } from './test-store.ts'

export interface World {
  github: GitHub
  repository: Repository
  /** Admin of the repository. */
  maintainer: Person
  /** Someone without any access. */
  outsider: Person
  tutti: Tutti
  /** The environment Tutti runs with, for starting another one. */
  env: Record<string, string>
  directory: string
  /** Every line that Tutti logged, oldest first. */
  logged: LogLine[]
  /** An issue whose body is a script for the scripted agent; see src/playground/agent/script.ts. */
  issue(title: string, ...script: string[]): Promise<Issue>
  /** The same, labelled `tutti` by the maintainer. */
  queued(title: string, ...script: string[]): Promise<Issue>
  /** What Tutti's status comment of an issue says now; '' when there is none. */
  status(issue: Issue): string
  /** Waits until the status comment matches. */
  untilStatus(issue: Issue, expected: string | RegExp, timeoutMs?: number): Promise<string>
  /** Waits for the open pull request of an issue, checked and recorded. */
  pullRequestOf(issue: Issue, options?: { notHead?: string }): Promise<PullIssue>
  /** Approves, says /merge, waits for the merge. */
  approveAndMerge(pull: PullIssue): Promise<void>
  /** A file of a commit that is on the server. */
  fileAt(commit: string, path: string): Promise<string>
  stopTutti(): Promise<void>
  startTutti(more?: Record<string, string>): Promise<Tutti>
}

/** One line of Tutti's log. */
export interface LogLine {
  level: number
  msg: string
  [field: string]: unknown
}

export interface WorldOptions {
  /** The story finds processes of agents by the ids that they write: no sandbox. test/unit/sandbox/ has the same inside one. */
  hostProcesses?: boolean
  /** More files of the repository, or others; `null` settings leave the settings file out. */
  files?: Record<string, string>
  settings?: string | null
  env?: Record<string, string>
  github?: Partial<GitHubOptions>
  collaborators?: Record<string, Role>
  repository?: { defaultBranch?: string; deleteBranchOnMerge?: boolean; private?: boolean }
  /** False: the story starts Tutti itself. */
  start?: boolean
}

/** In ms. A step takes a second; on a busy machine, many times that. */
const patience = 120_000

/** Settings of most stories: the scripted agent, one gate that looks at a file. */
export const plainSettings = `agent: scripted
limits:
  idleMinutes: 0.2
recovery:
  replan: false
gates:
  commands:
    - name: tests
      run: '! grep -rqs BROKEN src'
      minutes: 1
`

const body = (script: string[]) => (script.length === 0 ? '' : ['```tutti-script', ...script, '```'].join('\n'))

/**
 * Starts Tutti; with SPLIT_ROLES set in the environment of the tests as two parts that share nothing but the database: what
 * people see is the same.
 */
async function startAll(env: Env, log: Logger): Promise<Tutti> {
  if (!process.env.SPLIT_ROLES || !env.DATABASE_URL) return startTutti(env, log)
  const parts = await Promise.all([
    startTutti(env, log, { role: 'web' }),
    startTutti({ ...env, PORT: 0, dataDirectory: `${env.dataDirectory}-of-runner` }, log, { role: 'runner' }),
  ])
  return { ...parts[0], close: async () => void (await Promise.all(parts.map((part) => part.close()))) }
}

/** Opens the stage; everything on it ends with the test. */
export async function openWorld(options: WorldOptions = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-story-'))
  const github = await startGitHub({ directory: join(directory, 'github'), app: manifest(), ...options.github })
  const database = await prepareDatabase(join(directory, 'data'))
  const settings = options.settings === undefined ? plainSettings : options.settings
  const repository = await github.createRepository({
    owner: 'acme',
    name: 'app',
    files: {
      'README.md': '# App\n',
      'src/main.txt': 'works\n',
      ...(settings === null ? {} : { '.github/tutti.yml': settings }),
      ...options.files,
    },
    collaborators: { maintainer: 'admin', ...options.collaborators },
    ...options.repository,
  })
  const env: Record<string, string> = {
    PATH: `${process.env.PATH ?? ''}:${join(directory, 'bin')}`,
    HOME: directory,
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? '',
    APP_ID: String(github.app.id),
    PRIVATE_KEY: github.app.privateKey,
    WEBHOOK_SECRET: github.app.webhookSecret,
    GITHUB_API_URL: github.apiUrl,
    PORT: '0',
    DATA_DIR: join(directory, 'data'),
    // Scripts leave signals for the test there. DATA_DIR stays hidden.
    SANDBOX_WRITE: directory,
    // The ids of processes inside of a sandbox are not those outside.
    ...(options.hostProcesses ? { SANDBOX: 'off' } : {}),
    AGENT: 'scripted',
    AGENT_FILES: scriptedAgentFile,
    MEMORY_PER_AGENT_MB: '64',
    RETRY_DELAY_SECONDS: '0.05',
    HEARTBEAT_SECONDS: '0.25',
    STOP_GRACE_SECONDS: '0.5',
    LOCK_WAIT_SECONDS: '1',
    LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
    ...(database.url ? { DATABASE_URL: database.url } : {}),
    ...options.env,
  }
  await mkdir(env.DATA_DIR ?? '', { recursive: true })
  let tutti: Tutti | undefined
  const logged: LogLine[] = []
  const logger = pino(
    { level: env.LOG_LEVEL === 'silent' ? 'info' : env.LOG_LEVEL },
    {
      write(line: string) {
        logged.push(JSON.parse(line))
        if (env.LOG_LEVEL !== 'silent') process.stdout.write(line)
        github.changed.dispatchEvent(new Event('change'))
      },
    },
  )

  const world: World = {
    github,
    repository,
    maintainer: github.as('maintainer'),
    outsider: github.as('outsider'),
    env,
    directory,
    logged,
    get tutti() {
      if (!tutti) throw new Error('Tutti is not running')
      return tutti
    },
    issue: (title, ...script) => world.maintainer.createIssue(repository, { title, body: body(script) }),
    queued: async (title, ...script) => {
      const issue = await world.issue(title, ...script)
      return world.maintainer.addLabels(repository, issue.number, ['tutti'])
    },
    status: (issue) => issue.comments.findLast((comment) => comment.body.includes('<!-- tutti:status:'))?.body ?? '',
    untilStatus: (issue, expected, timeoutMs = patience) =>
      github.until(
        () => {
          const text = world.status(issue)
          return (typeof expected === 'string' ? text.includes(expected) : expected.test(text)) && text
        },
        `the status of #${issue.number} to say ${expected}`,
        timeoutMs,
      ),
    pullRequestOf: async (issue, { notHead } = {}) => {
      await world.untilStatus(issue, /Review pull request #\d+/)
      return github.until(
        () =>
          [...repository.issues.values()].find(
            (one): one is PullIssue =>
              one.pull !== undefined &&
              one.state === 'open' &&
              (one.body ?? '').includes(`Closes #${issue.number}\n`) &&
              one.pull.headSha !== notHead &&
              world.status(issue).includes(`Review pull request #${one.number}`) &&
              world.status(issue).includes(`every gate passed on \`${one.pull.headSha.slice(0, 7)}\``),
          ),
        `an open pull request for #${issue.number}`,
        patience,
      )
    },
    approveAndMerge: async (pull) => {
      await world.maintainer.review(repository, pull.number, { state: 'APPROVED' })
      await world.maintainer.comment(repository, pull.number, '/merge')
      await github.until(() => pull.pull.mergedAt, `#${pull.number} is merged`, patience)
    },
    fileAt: async (commit, path) =>
      (await promisify(execFile)('git', ['-C', repository.path, 'show', `${commit}:${path}`])).stdout,
    stopTutti: async () => {
      const running = tutti
      tutti = undefined
      await running?.close()
    },
    startTutti: async (more = {}) => {
      tutti = await startAll(readEnv({ ...env, ...more }), logger)
      github.setWebhookUrl(`${tutti.url}/api/github/webhooks`)
      return tutti
    },
  }
  onTestFailed(() => {
    const at = (time: unknown) => new Date(Number(time)).toISOString().slice(14, 23)
    const said = logged.map(({ time, msg, err }) => `${at(time)} ${msg} ${err ? JSON.stringify(err) : ''}`)
    const calls = github.calls.map((call) => `${at(call.at)} ${call.status} ${call.method} ${call.path}`)
    console.log(`Tutti said last:\n${said.slice(-30).join('\n')}\nand called:\n${calls.slice(-20).join('\n')}`)
  })
  onTestFinished(async () => {
    await world.stopTutti()
    await github.close()
    await database.drop()
    await rm(directory, { recursive: true, force: true })
  })
  if (options.start !== false) {
    await world.startTutti()
    // A story begins after the first look at everything, whose calls and findings would mix with its own.
    const looks = () => github.calls.filter((call) => call.path.includes('/acme/app/issues'))
    await github.until(() => looks().length >= 2, 'the first look')
  }
  return world
}
