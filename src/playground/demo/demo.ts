/** `tutti demo`: the whole journey on this machine, on real parts, without an account. */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PlaygroundError } from '../errors.ts'
import type { RepositoryRecord } from '../github/model.ts'
import { type PlaygroundGitHub, startGitHub } from '../github/server.ts'
import { nameOf } from '../github/world.ts'
import { manifest } from '../manifest.ts'
import { type CallCount, countByIssue } from './calls.ts'
import { play } from './maintainer.ts'
import { type Program, startProgram } from './program.ts'
import { foreignGate, foreignScenes, type Scene, sampleFiles, sampleScenes, settings } from './scene.ts'
import { openTimeline, type Timeline } from './timeline.ts'
import { signIn } from './user.ts'

const scriptedAgentFile = fileURLToPath(new URL('../agent/scripted.ts', import.meta.url))

const usage = `Usage: tutti demo [options]

Plays the whole journey on this machine: a small GitHub on a free loopback port,
Tutti as "tutti serve" starts it, a scripted maintainer and scripted agents.

  --repo PATH   play on a copy of a git repository of yours; it is only read
  --headless    no colours, no progress line, no pauses
  --json        print one line of JSON at the end and nothing else
  --keep        leave everything running afterwards, to be explored
  --help        this text`

interface Summary {
  workItems: number
  pullRequests: number
  merged: number
  attempts: number
  apiCalls: { reads: number; writes: number }
  /** The same calls by what they are about. */
  callsByIssue: CallCount[]
  seconds: number
}

/** How Tutti is started. */
export interface Product {
  /** Absolute path of its program. */
  main: string
  /** Where programs are looked for: the PATH of whoever started the demo. */
  path: string
}

/** Runs the demo. @returns the exit code: 0 when every issue was merged. */
export async function runDemo(args: string[], product: Product): Promise<number> {
  const options = readOptions(args)
  if (options.help) {
    console.log(usage)
    return 0
  }
  const directory = await mkdtemp(join(tmpdir(), 'tutti-demo-'))
  const start = performance.now()
  const github = await startGitHub({
    directory: join(directory, 'github'),
    webhook: { concurrency: 4 },
    app: manifest(),
  })
  const live = Boolean(process.stdout.isTTY) && !options.headless && !options.json
  let program: Program | undefined
  try {
    const repository = await stage(github, options.repo)
    const scenes = options.repo ? foreignScenes(1) : sampleScenes(1)
    const counts = () => `${github.counts().reads} reads, ${github.counts().writes} writes`
    const timeline = openTimeline({ quiet: options.json, live, total: scenes.length, counts })
    timeline.say('github', `a small GitHub listens on ${github.url}`)
    program = await begin(github, directory, timeline, { ...product, live })
    timeline.say('tutti', `serves on ${program.url}, with its embedded database`)
    // Whoever opens the dashboard is the maintainer, who has agreed to it before.
    github.oauth.as = 'maintainer'
    timeline.say('tutti', `shows it all at ${program.url}/`)
    const access = { apiUrl: github.apiUrl, token: github.as('maintainer').token, repository: nameOf(repository) }
    await play(signIn(access), scenes, timeline)
    await settled(github, repository)
    timeline.close()
    const summary = summarise({ github, repository }, scenes, timeline.attempts, start)
    report({ summary, repository }, github, program, options)
    if (options.keep) await interrupted()
    return summary.merged === scenes.length && github.unknown.length === 0 ? 0 : 1
  } finally {
    await program?.stop()
    await github.close()
    // The repository stays, so that its history can be read; Tutti's own data is of no use without the process.
    await rm(join(directory, 'data'), { recursive: true, force: true })
  }
}

function readOptions(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        repo: { type: 'string' },
        headless: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    return values
  } catch (error) {
    throw new PlaygroundError(error instanceof Error ? error.message : String(error), usage)
  }
}

async function stage(github: PlaygroundGitHub, path: string | undefined): Promise<RepositoryRecord> {
  const collaborators = { maintainer: 'admin' as const }
  if (!path) return github.createRepository({ owner: 'demo', name: 'greeter', files: sampleFiles, collaborators })
  const repository = await github
    .importRepository({ owner: 'demo', name: 'repository', path: resolve(path), collaborators })
    .catch((error: Error) => {
      throw new PlaygroundError(
        `${resolve(path)} cannot be copied: ${error.message}`,
        'Name a git repository with at least one commit.',
      )
    })
  await github
    .as('maintainer')
    .push(
      repository,
      repository.defaultBranch,
      { '.github/tutti.yml': settings(foreignGate) },
      'Add settings for Tutti',
    )
  return repository
}

async function begin(
  github: PlaygroundGitHub,
  directory: string,
  timeline: Timeline,
  { main, path, live }: Product & { live: boolean },
): Promise<Program> {
  const data = join(directory, 'data')
  await mkdir(data, { recursive: true })
  const program = await startProgram({
    main,
    logFile: join(directory, 'tutti.log'),
    onLine: (line) => timeline.hear(line),
    env: {
      PATH: path,
      HOME: directory,
      NODE_NO_WARNINGS: '1',
      APP_ID: String(github.app.id),
      PRIVATE_KEY: github.app.privateKey,
      WEBHOOK_SECRET: github.app.webhookSecret,
      GITHUB_CLIENT_ID: github.app.clientId,
      GITHUB_CLIENT_SECRET: github.app.clientSecret,
      GITHUB_API_URL: github.apiUrl,
      PORT: '0',
      DATA_DIR: data,
      AGENT: 'scripted',
      AGENT_FILES: scriptedAgentFile,
      MAX_AGENTS: '3',
      MEMORY_PER_AGENT_MB: '128',
      RETRY_DELAY_SECONDS: '0.5',
      ...(live ? { TUTTI_SCRIPT_DELAY_MS: '500' } : {}),
    },
  })
  github.setWebhookUrl(`${program.url}/api/github/webhooks`)
  return program
}

/** The last comments are still on their way when the last issue closes. */
async function settled(github: PlaygroundGitHub, repository: RepositoryRecord): Promise<void> {
  const issues = [...repository.issues.values()].filter((issue) => !issue.pull)
  await github.until(
    () => issues.every((issue) => issue.comments.some((comment) => comment.body.includes('▰▰▰▰▰ Done'))),
    'every status comment says that it is done',
    30_000,
  )
  const gone = () => ![...repository.refs.keys()].some((ref) => ref.startsWith('refs/heads/module/'))
  await github.until(gone, 'every module branch is gone', 30_000)
}

function summarise(
  { github, repository }: { github: PlaygroundGitHub; repository: RepositoryRecord },
  scenes: readonly Scene[],
  attempts: number,
  start: number,
): Summary {
  const pulls = [...repository.issues.values()].flatMap((issue) => issue.pull ?? [])
  const { reads, writes } = github.counts()
  return {
    workItems: scenes.length,
    pullRequests: pulls.length,
    merged: pulls.filter((pull) => pull.mergedAt !== null).length,
    attempts,
    apiCalls: { reads, writes },
    callsByIssue: countByIssue(
      github.calls,
      repository,
      scenes.map(({ shows }) => shows),
    ),
    seconds: Math.round((performance.now() - start) / 100) / 10,
  }
}

function report(
  { summary, repository }: { summary: Summary; repository: RepositoryRecord },
  github: PlaygroundGitHub,
  program: Program,
  options: { json: boolean; keep: boolean },
): void {
  if (options.json) {
    console.log(JSON.stringify(summary))
    return
  }
  const { apiCalls } = summary
  const rows = [
    ['work items', summary.workItems],
    ['pull requests', `${summary.pullRequests}, ${summary.merged} merged after review`],
    ['attempts', summary.attempts],
    [
      'API calls',
      `${apiCalls.reads} reads, ${apiCalls.writes} writes (${Math.round((apiCalls.reads + apiCalls.writes) / summary.workItems)} for each item)`,
    ],
    ...summary.callsByIssue.map(({ about, reads, writes }) => ['', `${about}: ${reads} reads, ${writes} writes`]),
    ['time', `${summary.seconds} s`],
  ]
  console.log(`\n${rows.map(([name, value]) => `  ${String(name).padEnd(15)}${value}`).join('\n')}\n`)
  console.log(`The merged commits are in the repository:\n  git -C ${repository.path} log --oneline\n`)
  if (github.unknown.length > 0) {
    const calls = github.unknown.map((call) => `  ${call.method} ${call.path}`).join('\n')
    console.log(`Calls that the playground does not know:\n${calls}\n`)
  }
  if (!options.keep) return
  const name = nameOf(repository)
  const token = github.as('maintainer').token
  console.log(
    [
      `The dashboard: ${program.url}/ (one click signs you in as the maintainer)`,
      '',
      'It all keeps running until Ctrl-C. What people read, and how to act as the maintainer:',
      `  curl ${github.apiUrl}/repos/${name}/issues/1/comments -H "authorization: token ${token}"`,
      `  curl ${github.apiUrl}/repos/${name}/issues/1/comments -H "authorization: token ${token}" -d '{"body":"/help"}'`,
      `  git clone ${github.url}/${name}.git`,
      `  curl ${program.url}/healthz`,
    ].join('\n'),
  )
}

function interrupted(): Promise<void> {
  return new Promise((done) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => done())
  })
}
