/**
 * The embedded database under kills: a process stores deliveries and is killed at a random write to a file, again and
 * again on the same directory, some times while the directory is made for the first time. At the end every delivery that was
 * accepted is there, with its job.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { openStore } from '../../src/db/connect.ts'
import { processDeliveryJob } from '../../src/webhooks/process-delivery.ts'
import type { Random } from './random.ts'

export interface EmbeddedResult {
  /** How often the process was killed, and how many of these while the database was made. */
  kills: number
  firstStarts: number
  /** Deliveries that were accepted. */
  accepted: number
  /** Accepted ones that are not there, and ones without a job. */
  lost: number
  withoutJob: number
  /** Starts that were refused. */
  refused: number
  details: string[]
}

/** What came of one process. */
export interface StoreProcess {
  killed: boolean
  accepted: string[]
  said: string
}

/** Writes to files that a first start takes, of which 1,120 make the database, and a later one with some deliveries (measured). */
const writes = { first: 1_800, later: 1_000 }
/** No process lives longer, in ms. */
const patienceMs = 120_000

const main = fileURLToPath(new URL('store-main.ts', import.meta.url))

/**
 * Starts a process that opens a store, and waits for its end.
 * @param args those of store-main.ts.
 * @param options.patienceMs after so long it is killed.
 */
export async function runStoreProcess(
  args: readonly string[],
  options: { onSpawn?: (pid: number) => void; patienceMs?: number } = {},
): Promise<StoreProcess> {
  const child = spawn(process.execPath, [main, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' },
    timeout: options.patienceMs ?? patienceMs,
    killSignal: 'SIGKILL',
  })
  if (child.pid) options.onSpawn?.(child.pid)
  let [out, said] = ['', '']
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  // The last line may be cut.
  return { killed: signal === 'SIGKILL', accepted: out.split('\n').slice(0, -1), said }
}

/**
 * Kills it so often.
 * @param options.firstStarts how many of the kills come while the directory is made, in an empty one or in what the kill
 * before has left.
 */
export async function killEmbedded(options: {
  kills: number
  firstStarts: number
  random: Random
  say: (line: string) => void
}): Promise<EmbeddedResult> {
  const { random, say } = options
  const directory = await mkdtemp(join(tmpdir(), 'tutti-embedded-'))
  const result: EmbeddedResult = {
    ...{ kills: 0, firstStarts: 0, accepted: 0, lost: 0, withoutJob: 0, refused: 0, details: [] },
  }
  let accepted: string[] = []
  const run = async (most: number) => {
    const at = Math.floor(random.between(1, most))
    const ended = await runStoreProcess([directory, '--deliveries', '1000', '--kill-at-write', String(at)])
    accepted.push(...ended.accepted)
    result.kills += Number(ended.killed)
    result.accepted += ended.accepted.length
    say(`${result.kills}: killed at write ${at} of ${most}, ${result.accepted} accepted`)
    if (ended.said === '') return
    result.refused++
    result.details.push(`after ${result.kills} kills, at write ${at}: ${ended.said.trim()}`)
  }
  const compare = async () => {
    const { rows, jobs } = await idsInStore(directory)
    result.lost += accepted.filter((id) => !rows.has(id)).length
    result.withoutJob += [...rows].filter((id) => !jobs.has(id)).length
    accepted = []
  }
  try {
    for (; result.firstStarts < options.firstStarts; result.firstStarts++) {
      if (accepted.length > 0) await compare()
      if (result.accepted > 0 || random.chance(0.5)) await rm(directory, { recursive: true, force: true })
      await run(writes.first)
    }
    while (result.kills < options.kills && result.refused === 0) await run(writes.later)
    await compare()
    return result
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** What a directory holds: deliveries, and those that have a job. No process has it open. */
export async function idsInStore(directory: string): Promise<{ rows: Set<string>; jobs: Set<string> }> {
  const log = pino({ level: 'silent' })
  const store = await openStore({ directory, queues: [processDeliveryJob], log })
  try {
    const idsOf = async (query: string) => {
      const { rows } = (await store.db.execute(sql.raw(query))) as unknown as { rows: { id: string }[] }
      return new Set(rows.map(({ id }) => id))
    }
    return {
      rows: await idsOf('select delivery_id as id from deliveries'),
      jobs: await idsOf(
        "select jsonb_array_elements_text(data->'deliveryIds') as id from pgboss.job where name = 'process-delivery'",
      ),
    }
  } finally {
    await store.close()
  }
}
