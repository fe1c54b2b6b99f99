/**
 * Connections to a Postgres that survive being cut. A connection tells of its end more than once, and an error that
 * nobody listens to ends the process: so every client keeps a listener for as long as it lives.
 */

import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import { isConnectionLost } from './away.ts'

/** What pg-boss asks of a database of one's own; it exports no name for it. */
type BossDatabase = NonNullable<Exclude<ConstructorParameters<typeof PgBoss>[0], string>['db']>

/** So long a free place in a pool, or a new connection, is waited for. */
const acquireMs = 10_000
/** A statement that is not answered within this time fails and its connection is closed: it may hang half-open. */
const answerWithinMs = 65_000

/**
 * A pool of at most `max` connections. Every wait has an end, so that a database that is away shows as an error.
 * @param options.pipeline whether a statement is sent before the one in front of it is answered.
 * @param options.patient whether a statement may take as long as it wants.
 */
export function openPool(
  databaseUrl: string,
  max: number,
  log: Logger,
  { pipeline = false, patient = false }: { pipeline?: boolean; patient?: boolean } = {},
): pg.Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max,
    application_name: 'tutti',
    keepAlive: true,
    connectionTimeoutMillis: acquireMs,
    ...(patient ? {} : { query_timeout: answerWithinMs }),
    pipeline,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'a database connection was lost; it is made again when needed'))
  // The pool does not listen to a client that it has lent out; whoever uses it sees the query fail.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Sends a statement; several may be sent at once, and are carried out in that order. */
export type Send = (statement: string | pg.QueryConfig) => Promise<pg.QueryResult>

/** Has `work` use one connection for itself; after a failure that connection is closed, with whatever was open on it. */
export type Pipeline = <T>(work: (send: Send) => Promise<T>) => Promise<T>

/** @param pool one that was opened with `pipeline`. */
export function pipelineOf(pool: pg.Pool): Pipeline {
  return async (work) => {
    const client = await pool.connect()
    try {
      const result = await work((statement) => client.query(statement))
      client.release()
      return result
    } catch (error) {
      client.release(true)
      throw error
    }
  }
}

/**
 * What pg-boss works on. Its own way to listen takes all listeners off a connection that is lost, and the second error
 * of that connection then ends the process (pg-boss 12.35.0, `db.js`, `disconnect`).
 */
export function bossDatabase(pool: pg.Pool, databaseUrl: string, log: Logger): BossDatabase {
  return {
    executeSql: (text, values) => patiently(() => pool.query(text, values)),
    listen: (channel, hear, onReconnect) => listen(databaseUrl, { channel, hear, onReconnect, log }),
  }
}

/** A connection that was cut at the wrong moment never says that it has ended; this long it is waited for. */
const endMs = 2_000

/** Ends a client or a pool. Never rejects, and never waits for ever. */
export async function endQuietly(what: { end(): Promise<void> }): Promise<void> {
  const stop = new AbortController()
  const late = wait(endMs, undefined, { signal: stop.signal }).catch(() => {})
  await Promise.race([what.end().catch(() => {}), late])
  stop.abort()
}

/** Tries in all, the pauses between them growing from this many milliseconds. */
const tries = 4
const firstPauseMs = 100

/**
 * Tries again on another connection when one is lost. A job that is done, and that could not be marked so, would stay
 * taken until its heartbeat is missed; marking it twice, or queueing a job twice, does no harm.
 */
async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt === tries || !isConnectionLost(error)) throw error
      await wait(firstPauseMs * 2 ** (attempt - 1))
    }
  }
}

interface Ear {
  channel: string
  hear(payload: string): void
  /** Called after every connection: what was told meanwhile was not heard. */
  onReconnect(): void
  log: Logger
}

/** A connection that hangs half-open is noticed within these two together, in milliseconds. */
const beatMs = 30_000
const answerMs = 10_000
const longestPauseMs = 30_000

/** Listens until closed, and connects again whenever the connection is lost. Rejects when the first one fails. */
async function listen(databaseUrl: string, ear: Ear): Promise<{ close(): Promise<void> }> {
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let closed = false

  async function connect(): Promise<void> {
    const next = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'tutti listens',
      keepAlive: true,
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
    })
    next.on('error', (error) => lost(next, error))
    next.on('end', () => lost(next))
    next.on('notification', ({ payload }) => payload !== undefined && ear.hear(payload))
    try {
      await next.connect()
      await next.query(`listen ${pg.escapeIdentifier(ear.channel)}`)
    } catch (error) {
      await endQuietly(next)
      throw error
    }
    if (closed) return endQuietly(next)
    client = next
    failures = 0
    ear.onReconnect()
  }

  function lost(which: pg.Client, error?: Error): void {
    if (closed || which !== client) return
    client = undefined
    void endQuietly(which)
    ear.log.warn({ err: error }, 'the connection that listens was lost; it is made again')
    again()
  }

  function again(): void {
    const pause = Math.min(longestPauseMs, 500 * 2 ** failures++)
    timer = setTimeout(() => connect().catch(() => closed || again()), pause)
  }

  await connect()
  const beat = setInterval(() => {
    const which = client
    which?.query('select 1').catch((error) => lost(which, error))
  }, beatMs)
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      clearInterval(beat)
      if (client) await endQuietly(client)
    },
  }
}
