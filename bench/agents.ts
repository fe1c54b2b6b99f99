/**
 * Many agents at once on one machine: whether heartbeats come in time and webhooks are stored meanwhile, and what the
 * serving process needs for each agent, and for what agents print.
 */

import { createHmac, randomUUID } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { OperatorError } from '../src/lib/errors.ts'
import { bashAgent } from './lib/bash-agent.ts'
import { type OwnDatabase, ownDatabase } from './lib/own-database.ts'
import { percentile } from './lib/percentile.ts'
import { type ServedWorld, startServedWorld } from './lib/served-world.ts'

export const about = 'heartbeats, webhooks and memory while 500 agents are at work'

const USAGE = 'usage: npm run bench -- agents [--agents N] [--seconds S] [--megabytes M] [--json]'
/** Agents that print at once, and share what is printed. The limit of one run is 256 MB. */
const printers = 4
const webhooksPerSecond = 20

/** What is wanted: heartbeats inside of 30 s, p99 of webhooks 250 ms, 1.5 MB an agent, 20 MB for 1 GB of output. */
const aims = { heartbeatSeconds: 30, webhookP99: 250, megabytesPerAgent: 1.5, outputMegabytes: 20 }

/**
 * @param argv see USAGE.
 * @throws {OperatorError} when an argument is not a number above 0, or no Postgres answers.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      agents: { type: 'string', default: '500' },
      seconds: { type: 'string', default: '30' },
      megabytes: { type: 'string', default: '1000' },
      json: { type: 'boolean', default: false },
    },
  })
  const [agents, seconds, megabytes] = [values.agents, values.seconds, values.megabytes].map(Number)
  if (!agents || !seconds || !megabytes || megabytes > printers * 250)
    throw new OperatorError(`every value is a number above 0, and --megabytes at most ${printers * 250}`, USAGE)
  const database = await ownDatabase()
  if (!database)
    throw new OperatorError('no Postgres answers', 'Set DATABASE_URL to one in which a database can be made.')
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  const started = join(directory, 'started')
  mkdirSync(started)
  const world = await startServedWorld({
    directory,
    kind: 'gemini',
    script: bashAgent(started, Math.floor((megabytes * 1e6) / printers)),
    settings: 'limits: { idleMinutes: 5 }\n',
    env: environment(agents, database),
  })
  try {
    const result = await measure({ world, database, started }, { agents, seconds, megabytes })
    process.stdout.write(values.json ? `${JSON.stringify({ ...result, aims })}\n` : report(result))
  } finally {
    await world.stop()
    await database[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true, maxRetries: 3 })
  }
}

function environment(agents: number, database: OwnDatabase): Record<string, string> {
  return {
    DATABASE_URL: database.url,
    MAX_AGENTS: String(agents + printers),
    MEMORY_PER_AGENT_MB: '4',
    // The limits of GitHub are a test of their own; within them 500 labels take an hour.
    API_LIMIT_FACTOR: '0',
    // What a sandbox costs is measured by itself.
    SANDBOX: 'off',
  }
}

type Place = { world: ServedWorld; database: OwnDatabase; started: string }
type Size = { agents: number; seconds: number; megabytes: number }

async function measure({ world, database, started }: Place, { agents, seconds, megabytes }: Size) {
  const { maintainer, repository, pid } = world
  const label = async (title: string, body: string) => {
    const issue = await maintainer.createIssue(repository, { title, body })
    await maintainer.addLabels(repository, issue.number, ['tutti'])
  }
  const atWork = async (count: number) => {
    while (readdirSync(started).length < count) await sleep(100)
  }
  const empty = residentMegabytes(pid)
  const begin = performance.now()
  for (let index = 0; index < agents; index++) await label(`Work ${index}`, 'Be at work.')
  await atWork(agents)
  const startSeconds = (performance.now() - begin) / 1_000
  const [heartbeats, webhooks] = await Promise.all([watchHeartbeats(database, seconds), postWebhooks(world, seconds)])
  const full = residentMegabytes(pid)
  for (let index = 0; index < printers; index++) await label(`Print ${index}`, 'FLOOD')
  const peak = await peakUntil(pid, async () => {
    await atWork(agents + printers)
    while ((await liveRuns(database)) > agents) await sleep(250)
  })
  const round = (value: number) => Number(value.toFixed(2))
  return {
    ...{ agents, megabytes, startSeconds: round(startSeconds) },
    heartbeatSeconds: round(heartbeats),
    webhooks: { count: webhooks.length, p50: round(percentile(webhooks, 50)), p99: round(percentile(webhooks, 99)) },
    megabytesPerAgent: round((full - empty) / agents),
    outputMegabytes: round(Math.max(0, peak - full)),
    residentMegabytes: { empty: round(empty), full: round(full), peak: round(peak) },
  }
}

async function liveRuns(database: OwnDatabase): Promise<number> {
  const rows = await database.query<{ count: string }>(`select count(*) from runs where stage = 'agent'`)
  return Number(rows[0]?.count)
}

/** The oldest heartbeat of a live run that was ever seen, in seconds. */
async function watchHeartbeats(database: OwnDatabase, seconds: number): Promise<number> {
  let oldest = 0
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(500)) {
    const rows = await database.query<{ age: number | null }>(
      `select extract(epoch from max(now() - heartbeat_at))::float8 as age from runs where stage = 'agent'`,
    )
    oldest = Math.max(oldest, rows[0]?.age ?? 0)
  }
  return oldest
}

/** Milliseconds to the answer of each. */
async function postWebhooks({ github, webhookUrl }: ServedWorld, seconds: number): Promise<number[]> {
  const body = JSON.stringify({ zen: 'Keep it logically awesome.', hook_id: 1 })
  const signature = createHmac('sha256', github.app.webhookSecret).update(body).digest('hex')
  const times: Promise<number>[] = []
  for (const end = performance.now() + seconds * 1_000; performance.now() < end; await sleep(1_000 / webhooksPerSecond))
    times.push(post(webhookUrl, body, signature))
  return Promise.all(times)
}

async function post(url: string, body: string, signature: string): Promise<number> {
  const start = performance.now()
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'ping',
    'x-github-delivery': randomUUID(),
    'x-hub-signature-256': `sha256=${signature}`,
  }
  const answer = await fetch(url, { method: 'POST', headers, body })
  if (answer.status !== 202) throw new Error(`a webhook was answered with ${answer.status}`)
  await answer.arrayBuffer()
  return performance.now() - start
}

async function peakUntil(pid: number, done: () => Promise<void>): Promise<number> {
  let peak = residentMegabytes(pid)
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMegabytes(pid))
  }, 100)
  try {
    await done()
  } finally {
    clearInterval(timer)
  }
  return peak
}

/** VmRSS of a process in MB (proc_pid_status(5), which says kB and means KiB). */
function residentMegabytes(pid: number): number {
  const kibibytes = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return (Number(kibibytes) * 1_024) / 1e6
}

function report(result: Awaited<ReturnType<typeof measure>>): string {
  const { agents, startSeconds, heartbeatSeconds, webhooks, megabytesPerAgent, outputMegabytes, megabytes } = result
  return [
    `${agents} agents at work ${startSeconds} s after the first label`,
    `oldest heartbeat ${heartbeatSeconds} s (aim below ${aims.heartbeatSeconds} s)`,
    `${webhooks.count} webhooks stored: p50 ${webhooks.p50} ms, p99 ${webhooks.p99} ms (aim ${aims.webhookP99} ms)`,
    `memory of the serving process: ${megabytesPerAgent} MB an agent (aim ${aims.megabytesPerAgent} MB)`,
    `${megabytes} MB of output at once: ${outputMegabytes} MB (aim ${aims.outputMegabytes} MB for 1000)`,
    '',
  ].join('\n')
}
