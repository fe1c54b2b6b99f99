/** What the API costs: answers with 10,000 items beside a bare route, and clients of the event stream. */

import { Agent, get } from 'node:http'
import { tmpdir } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { pino } from 'pino'
import { EventHub } from '../src/api/event-hub.ts'
import { type RestServices, restApp } from '../src/api/rest.ts'
import { listen } from '../src/api/server.ts'
import { makeToken } from '../src/api/tokens.ts'
import { loadCommands } from '../src/commands/registry.ts'
import { defaultSettings } from '../src/config/settings.ts'
import { openStore, type Store } from '../src/db/connect.ts'
import { saveRepository } from '../src/db/repositories.ts'
import { repositories } from '../src/db/schema/repositories.ts'
import { workItems } from '../src/db/schema/work-items.ts'
import { jobs } from '../src/jobs.ts'
import { OperatorError } from '../src/lib/errors.ts'
import type { ItemState } from '../src/lib/item-state.ts'
import { ownDatabase } from './lib/own-database.ts'
import { percentile } from './lib/percentile.ts'

/** One line for the list of benchmarks. */
export const about =
  'answers of the API with 10,000 items beside a bare route; memory of 200 clients of the event stream'

const USAGE = 'usage: npm run bench -- doors [--items N] [--requests R] [--clients C]'
/** Milliseconds at most for 95 of 100 answers, and MB at most for all clients. */
const limits = { answerMs: 20, clientsMb: 50 }

/**
 * Measures, prints, and sets the exit code 1 when a limit is passed.
 * @throws {OperatorError} when an argument does not fit, or there is no Postgres.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      items: { type: 'string', default: '10000' },
      requests: { type: 'string', default: '300' },
      clients: { type: 'string', default: '200' },
    },
  })
  const [items = 0, requests = 0, clients = 0] = [values.items, values.requests, values.clients].map(Number)
  if (![items, requests, clients].every((one) => Number.isInteger(one) && one > 0))
    throw new OperatorError('every value is a whole number above 0', USAGE)
  const database = await ownDatabase()
  if (!database) throw new OperatorError('no Postgres answers', 'Start one, or name it in DATABASE_URL.')
  const log = pino({ level: 'silent' })
  const store = await openStore({ databaseUrl: database.url, directory: tmpdir(), queues: Object.values(jobs), log })
  try {
    await measure(store, { items, requests, clients })
  } finally {
    await store.close()
    await database[Symbol.asyncDispose]()
  }
}

async function measure(store: Store, amounts: { items: number; requests: number; clients: number }): Promise<void> {
  await fill(store, amounts.items)
  const log = pino({ level: 'silent' })
  const { secret } = await makeToken(store, { name: 'bench', role: 'read' }, 'bench')
  const events = new EventHub(store, log)
  const address = { HOST: '127.0.0.1', PORT: 0 }
  const services = { store, log, commands: await loadCommands(), events, env: { ...address, PUBLIC_URL: undefined } }
  // The measured commands read the database alone.
  const api = restApp({ ...services, github: undefined as unknown as RestServices['github'] })
  const app = new Hono().get('/bare', (context) => context.json({ ok: true })).route('/', api)
  const server = await listen(getRequestListener(app.fetch), address)
  const client = { url: server.url, secret, agent: new Agent({ keepAlive: true }) }
  for (const path of ['/bare', '/api/orchestration/progress', '/api/orchestration/work-queue']) {
    const times: number[] = []
    for (let n = 0; n < amounts.requests + 20; n++) {
      const start = performance.now()
      await answered(client, path)
      if (n >= 20) times.push(performance.now() - start)
    }
    const [p50, p95] = [percentile(times, 50), percentile(times, 95)]
    process.stdout.write(`${path.padEnd(32)} p50 ${p50.toFixed(2)} ms   p95 ${p95.toFixed(2)} ms\n`)
    if (p95 > limits.answerMs) process.exitCode = 1
  }
  const megabytes = await memoryOf(client, amounts.clients, events)
  process.stdout.write(
    `${amounts.clients} clients of the event stream: ${megabytes.toFixed(1)} MB, both ends in this process\n`,
  )
  if (megabytes > limits.clientsMb) process.exitCode = 1
  client.agent.destroy()
  events.close()
  await server.close()
}

interface Client {
  url: string
  secret: string
  agent: Agent
}

const headersOf = ({ secret }: Client) => ({ Authorization: `Bearer ${secret}` })

function answered(client: Client, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    get(`${client.url}${path}`, { agent: client.agent, headers: headersOf(client) }, (answer) => {
      if (answer.statusCode !== 200) reject(new Error(`${path} answers ${answer.statusCode}`))
      answer.resume().once('end', resolve)
    }).once('error', reject)
  })
}

/** What the process has grown by when all of them listen. */
async function memoryOf(client: Client, clients: number, events: EventHub): Promise<number> {
  const used = () => {
    globalThis.gc?.()
    return process.memoryUsage().rss
  }
  const before = used()
  const headers = { ...headersOf(client), Accept: 'text/event-stream' }
  const open = await Promise.all(
    Array.from(
      { length: clients },
      () =>
        new Promise<() => void>((resolve, reject) => {
          const request = get(`${client.url}/api/events`, { agent: false, headers }, (answer) => {
            answer.once('data', () => resolve(() => request.destroy())).on('error', () => {})
          })
          request.on('error', reject)
        }),
    ),
  )
  // The first bytes come before a client has its seat.
  while (events.size < clients) await setTimeout(20)
  const after = used()
  for (const end of open) end()
  return (after - before) / 1e6
}

async function fill(store: Store, items: number): Promise<void> {
  const repo = await saveRepository(store.db, {
    ...{ githubId: 1, fullName: 'acme/app', private: false, installationId: 1 },
    ...{ cloneUrl: 'http://127.0.0.1/acme/app.git', defaultBranch: 'main' },
  })
  await store.db.update(repositories).set({ settings: defaultSettings() })
  const states: ItemState[] = ['queued', 'ready', 'held', 'running', 'reviewing', 'done', 'done', 'done']
  for (let from = 0; from < items; from += 500) {
    await store.db.insert(workItems).values(
      Array.from({ length: Math.min(500, items - from) }, (_, index) => {
        const number = from + index + 1
        const state = states[number % states.length] ?? 'queued'
        return {
          ...{ repositoryId: repo.id, issueNumber: number, title: `Item ${number}`, state, module: 'app' },
          ...{ requestedBy: 'mona', requestedById: 1, branch: `module/issue-${number}`, baseBranch: 'main' },
          doneAt: state === 'done' ? new Date() : null,
        }
      }),
    )
  }
}
