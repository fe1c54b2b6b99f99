/** A playground GitHub and a Tutti that serves it, for benchmarks of whole journeys. */

import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startProgram } from '../../src/playground/demo/program.ts'
import type { IssueRecord, PullIssue, RepositoryRecord } from '../../src/playground/github/model.ts'
import type { Person } from '../../src/playground/github/person.ts'
import { type PlaygroundGitHub, startGitHub } from '../../src/playground/github/server.ts'
import { manifest } from '../../src/playground/manifest.ts'

/** What a benchmark works with. */
export interface ServedWorld {
  github: PlaygroundGitHub
  repository: RepositoryRecord
  maintainer: Person
  /** Of the process that serves. */
  readonly pid: number
  /** Where webhooks come in. */
  readonly webhookUrl: string
  /** Waits until nothing has happened for `ms`, so that no work of the last step counts for the next one. */
  untilIdle(ms: number): Promise<void>
  /** Waits for the open pull request of an issue whose checks by Tutti have passed. @param notHead an earlier head. */
  pullRequestOf(issue: IssueRecord, notHead?: string): Promise<PullIssue>
  /** Stops Tutti, lets `between` do something, and starts it again. */
  restart(between: () => Promise<void>): Promise<void>
  /** Kills Tutti with `kill -9` and starts it again at once; resolves when it takes webhooks. */
  killAndStart(): Promise<void>
  stop(): Promise<void>
}

/**
 * Starts both. The agent is a shell script.
 * @param options.kind whose protocol the script speaks; a plain command unless given.
 * @param options.settings more lines of `.github/tutti.yml`.
 * @param options.env more variables of the process that serves.
 */
export async function startServedWorld(options: {
  directory: string
  script: string
  kind?: string
  settings?: string
  env?: Record<string, string>
  files?: Record<string, string>
  /** Calls that the playground allows in an hour. */
  rateLimit?: number
}): Promise<ServedWorld> {
  const { directory } = options
  const github = await startGitHub({
    ...{ directory: join(directory, 'github'), app: manifest() },
    ...(options.rateLimit === undefined ? {} : { rateLimit: options.rateLimit }),
  })
  const { kind = 'command' } = options
  const command = JSON.stringify([kind === 'command' ? '/bin/sh' : '/bin/bash', '-c', options.script])
  const settings = `agent: ${kind}\nagents: { ${kind}: { command: ${command} } }\n${options.settings ?? ''}`
  const repository = await github.createRepository({
    owner: 'bench',
    name: 'app',
    files: { 'README.md': '# App\n', ...options.files, '.github/tutti.yml': settings },
    collaborators: { maintainer: 'admin' },
  })
  await mkdir(join(directory, 'data'))
  const start = () =>
    startProgram({
      main: join(import.meta.dirname, '../../src/main.ts'),
      logFile: join(directory, 'tutti.log'),
      onLine: () => {},
      env: {
        PATH: process.env.PATH ?? '',
        HOME: directory,
        APP_ID: String(github.app.id),
        PRIVATE_KEY: github.app.privateKey,
        WEBHOOK_SECRET: github.app.webhookSecret,
        GITHUB_API_URL: github.apiUrl,
        PORT: '0',
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'info',
        DATA_DIR: join(directory, 'data'),
        MEMORY_PER_AGENT_MB: '16',
        RETRY_DELAY_SECONDS: '0',
        ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
        ...options.env,
      },
    })
  let program = await start()
  const webhookUrl = () => `${program.url}/api/github/webhooks`
  github.setWebhookUrl(webhookUrl())
  return {
    ...{ github, repository, maintainer: github.as('maintainer') },
    get webhookUrl() {
      return webhookUrl()
    },
    get pid() {
      return program.process.pid ?? 0
    },
    restart: async (between) => {
      await program.stop()
      await between()
      program = await start()
      github.setWebhookUrl(webhookUrl())
    },
    killAndStart: async () => {
      const exited = once(program.process, 'exit')
      program.process.kill('SIGKILL')
      await exited
      program = await start()
      github.setWebhookUrl(webhookUrl())
    },
    untilIdle: (ms) => untilIdle(github.changed, ms),
    pullRequestOf: (issue, notHead) => pullRequestOf(github, repository, issue, notHead),
    stop: async () => {
      await program.stop()
      await github.close()
    },
  }
}

function untilIdle(changed: EventTarget, ms: number): Promise<void> {
  return new Promise((resolve) => {
    let timer = setTimeout(done, ms)
    function again() {
      clearTimeout(timer)
      timer = setTimeout(done, ms)
    }
    function done() {
      changed.removeEventListener('change', again)
      resolve()
    }
    changed.addEventListener('change', again)
  })
}

function pullRequestOf(
  github: PlaygroundGitHub,
  repository: RepositoryRecord,
  issue: IssueRecord,
  notHead: string | undefined,
): Promise<PullIssue> {
  return github.until(() => {
    const said = issue.comments.findLast(({ user }) => user.type === 'Bot')?.body ?? ''
    return [...repository.issues.values()].find(
      (one): one is PullIssue =>
        one.pull !== undefined &&
        (one.body ?? '').includes(`Closes #${issue.number}\n`) &&
        one.pull.headSha !== notHead &&
        said.includes(`Review pull request #${one.number}`) &&
        said.includes(one.pull.headSha.slice(0, 7)),
    )
  }, `the pull request of #${issue.number}`)
}
