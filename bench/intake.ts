/**
 * How many deliveries a second are durably stored before they are answered, on Postgres and on PGlite, beside a bare
 * Probot app with an empty handler, which stores nothing: same client, same payloads, one run. What becomes of a
 * delivery afterwards is not part of it, on either side.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import type { Measured } from './lib/intake-client.ts'

export const about = 'durable deliveries a second, beside a bare Probot app'

type Target = 'bareProbot' | 'durablePostgres' | 'durablePglite'
const secret = 'bench'
/** Sent before each measurement, so that code is compiled and connections are open on all sides. */
const warmUp = 1_500
const library = join(import.meta.dirname, 'lib')

/** @param argv `--json`, `--count N` deliveries for each measurement, `--connections N`, `--rounds N` (medians). */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      json: { type: 'boolean', default: false },
      count: { type: 'string', default: '6000' },
      connections: { type: 'string', default: '64' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string' },
    },
  })
  const only = values.only?.split(',')
  const database = await ownDatabase()
  const directory = ownDirectory()
  try {
    if (!database) process.stderr.write('Postgres does not answer: durablePostgres is not measured\n')

    const measured: Record<Target, Measured[]> = { bareProbot: [], durablePostgres: [], durablePglite: [] }
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const target of Object.keys(measured) as Target[]) {
        if (target === 'durablePostgres' && !database) continue
        if (only && !only.includes(target)) continue
        const server = startServer(target, database?.url ?? '', join(directory.path, String(round)))
        try {
          const port = await told<number>(server)
          await drive(port, warmUp, values.connections)
          measured[target].push(await drive(port, Number(values.count), values.connections))
        } finally {
          await end(server)
        }
      }
    }
    report(measured, values.json)
  } finally {
    directory[Symbol.dispose]()
    await database?.[Symbol.asyncDispose]()
  }
}

function startServer(target: Target, databaseUrl: string, directory: string): ChildProcess {
  const mode = target === 'bareProbot' ? 'bare' : 'durable'
  return fork(join(library, 'intake-server.ts'), [mode, secret, directory], {
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      LOG_LEVEL: 'error',
      DATABASE_URL: target === 'durablePostgres' ? databaseUrl : '',
    },
  })
}

function drive(port: number, count: number, connections: string): Promise<Measured> {
  return told(fork(join(library, 'intake-client.ts'), [String(port), secret, String(count), connections]))
}

/** The one message of a child. @throws when it ends without one. */
function told<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as T))
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${child.spawnargs[1]} ended with ${code ?? signal}`)))
  })
}

async function end(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return
  const exited = once(server, 'exit')
  server.disconnect()
  const timer = setTimeout(() => server.kill('SIGKILL'), 15_000)
  await exited
  clearTimeout(timer)
}

/** A database made for this run and dropped after it, or undefined where no Postgres answers. */
async function ownDatabase(): Promise<({ url: string } & AsyncDisposable) | undefined> {
  const base = process.env.DATABASE_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres'
  const admin = new pg.Client({ connectionString: base, connectionTimeoutMillis: 2_000 })
  try {
    await admin.connect()
  } catch {
    return undefined
  }
  const name = `tutti_bench_${randomBytes(4).toString('hex')}`
  await admin.query(`create database ${name}`)
  const url = new URL(base)
  url.pathname = `/${name}`
  return {
    url: url.href,
    async [Symbol.asyncDispose]() {
      await admin.query(`drop database ${name} with (force)`)
      await admin.end()
    },
  }
}

function ownDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'tutti-bench-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

function report(measured: Record<Target, Measured[]>, json: boolean): void {
  const rate = (target: Target) => median(measured[target].map((one) => one.perSecond))
  const rounded = (value: number | null) => (value === null ? null : Math.round(value))
  const [postgres, bare] = [rate('durablePostgres'), rate('bareProbot')]
  const ratio = postgres !== null && bare !== null ? Math.round((postgres / bare) * 100) / 100 : null
  if (json) {
    const line = {
      durablePostgres: rounded(postgres),
      durablePglite: rounded(rate('durablePglite')),
      bareProbot: rounded(bare),
      ratioPostgres: ratio,
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return
  }
  const rows = (Object.keys(measured) as Target[]).map((target) => ({
    target,
    'deliveries/s': rounded(rate(target)),
    'p50 ms': median(measured[target].map((one) => one.p50))?.toFixed(1) ?? null,
    'p99 ms': median(measured[target].map((one) => one.p99))?.toFixed(1) ?? null,
    answers: JSON.stringify(measured[target].at(-1)?.statuses ?? {}),
  }))
  console.table(rows)
  process.stdout.write(`Postgres to bare Probot: ${ratio ?? 'not measured'}\n`)
}

function median(values: number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}
