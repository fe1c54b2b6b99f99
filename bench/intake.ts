/**
 * How many deliveries a second are durably stored before they are answered, on Postgres and on PGlite, beside a bare
 * Probot app with an empty handler, which stores nothing: same client, same payloads, one run. What becomes of a
 * delivery afterwards is not part of it, on either side.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Measured } from './lib/intake-client.ts'
import { ownDatabase } from './lib/own-database.ts'

export const about = 'durable deliveries a second, beside a bare Probot app'

type Target = 'bareProbot' | 'durablePostgres' | 'durablePglite'
/** Processor time in microseconds, besides what the client says; undefined where it cannot be read. */
type Round = Measured & { server: number | undefined; postgres: number | undefined }
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

    const measured: Record<Target, Round[]> = { bareProbot: [], durablePostgres: [], durablePglite: [] }
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const target of Object.keys(measured) as Target[]) {
        if (target === 'durablePostgres' && !database) continue
        if (only && !only.includes(target)) continue
        const server = startServer(target, database?.url ?? '', join(directory.path, String(round)))
        try {
          const port = await told<number>(server)
          await drive(port, warmUp, values.connections)
          const before = [await cpuOf(server), await database?.cpu()]
          const client = await drive(port, Number(values.count), values.connections)
          const after = [await cpuOf(server), await database?.cpu()]
          measured[target].push({ ...client, server: spent(before[0], after[0]), postgres: spent(before[1], after[1]) })
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

function cpuOf(server: ChildProcess): Promise<number> {
  const answer = told<number>(server)
  server.send('cpu')
  return answer
}

function spent(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before
}

function ownDirectory(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'tutti-bench-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

function report(measured: Record<Target, Round[]>, json: boolean): void {
  const targets = Object.keys(measured) as Target[]
  const rate = (target: Target) => median(measured[target].map((one) => one.perSecond))
  const rounded = (value: number | null) => (value === null ? null : Math.round(value))
  const [postgres, bare] = [rate('durablePostgres'), rate('bareProbot')]
  // Microseconds for each delivery: other work on the machine changes these least.
  const each = (target: Target, whose: 'server' | 'client' | 'postgres') => {
    const rounds = measured[target].map((one) => [whose === 'client' ? one.cpu : one[whose], answersOf(one)] as const)
    return rounded(median(rounds.flatMap(([cpu, answers]) => (cpu === undefined ? [] : [cpu / answers]))))
  }
  const cpu = (target: Target) => ({
    server: each(target, 'server'),
    client: each(target, 'client'),
    ...(target === 'durablePostgres' ? { postgres: each(target, 'postgres') } : {}),
  })
  const ratio = postgres !== null && bare !== null ? Math.round((postgres / bare) * 100) / 100 : null
  if (json) {
    const line = {
      durablePostgres: rounded(postgres),
      durablePglite: rounded(rate('durablePglite')),
      bareProbot: rounded(bare),
      ratioPostgres: ratio,
      cpuMicroseconds: Object.fromEntries(targets.map((target) => [target, cpu(target)])),
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return
  }
  const rows = targets.map((target) => ({
    target,
    'deliveries/s': rounded(rate(target)),
    'p50 ms': median(measured[target].map((one) => one.p50))?.toFixed(1) ?? null,
    'p99 ms': median(measured[target].map((one) => one.p99))?.toFixed(1) ?? null,
    'µs each': JSON.stringify(cpu(target)),
    answers: JSON.stringify(measured[target].at(-1)?.statuses ?? {}),
  }))
  console.table(rows)
  process.stdout.write(`Postgres to bare Probot: ${ratio ?? 'not measured'}\n`)
}

function answersOf({ statuses }: Measured): number {
  return Object.values(statuses).reduce((sum, count) => sum + count, 0)
}

function median(values: number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? null
}
