/**
 * Connections to Postgres that recover from being lost. A client can report its end more than once, and an error event
 * without a listener ends the process: so every client keeps its error listener for its whole life.
 */

import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { PgBoss } from 'pg-boss'
import type { Logger } from 'pino'
import { retry } from '../lib/retry.ts'
import { isConnectionLost } from './away.ts'
import { PreparedClient } from './prepared-client.ts'

/** The database interface of pg-boss, which exports no name for it. */
export type BossDatabase = NonNullable<Exclude<ConstructorParameters<typeof PgBoss>[0], string>['db']>

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
    Client: PreparedClient,
  })
  pool.on('error', (error) => log.warn({ err: error }, 'a database connection was lost; it is made again when needed'))
  // The pool does not listen to a client that is in use. The user of the client gets the error from the query.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

/** Sends a statement. Several may be sent at once; they run in that order. */
export type Send = (statement: string | pg.QueryConfig) => Promise<pg.QueryResult>

/** Gives `work` one connection. After an error that connection is closed, with its open transaction. */
export type Pipeline = <T>(work: (send: Send) => Promise<T>) => Promise<T>

/** @param pool opened with `pipeline`. */
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
 * The database for pg-boss. The `listen` of pg-boss itself removes all listeners from a lost connection, and the second
 * error of that connection then ends the process (pg-boss 12.35.0, `db.js`, `disconnect`).
 */
export function bossDatabase(pool: pg.Pool, databaseUrl: string, log: Logger): BossDatabase {
  return {
    executeSql: (text, values) => withRetries(() => pool.query(text, values)),
    listen: (channel, onMessage, onReconnect) => listen(databaseUrl, { channel, onMessage, onReconnect, log }),
  }
}

/** A connection that is lost at the wrong moment never reports its end. This is the longest wait for it. */
const endMs = 2_000

/** Ends a client or a pool. Never rejects, and always settles. */
export async function endQuietly(connection: { end(): Promise<void> }): Promise<void> {
  const stop = new AbortController()
  const timeout = wait(endMs, undefined, { signal: stop.signal }).catch(() => {})
  await Promise.race([connection.end().catch(() => {}), timeout])
  stop.abort()
}

/**
 * How many tries in all. The first pause between them is this many milliseconds, and each further one twice as long.
 */
const tries = 4
const firstPauseMs = 100

/**
 * Tries again on another connection when one is lost. Otherwise a finished job that could not be marked would stay
 * active until it misses its heartbeat. Marking a job twice, or queueing it twice, does no harm.
 */
function withRetries<T>(work: () => Promise<T>): Promise<T> {
  return retry(work, (error, attempts) =>
    attempts < tries && isConnectionLost(error) ? firstPauseMs * 2 ** (attempts - 1) : undefined,
  )
}

interface Subscription {
  channel: string
  onMessage(payload: string): void
  /** Called after every connection: messages in between were lost. */
  onReconnect(): void
  log: Logger
}

/** A half-open connection is detected within the sum of these two, in milliseconds. */
const keepAliveMs = 30_000
const responseMs = 10_000
const longestPauseMs = 30_000

/** Listens until closed, and connects again whenever the connection is lost. Rejects when the first one fails. */
async function listen(databaseUrl: string, subscription: Subscription): Promise<{ close(): Promise<void> }> {
  let client: pg.Client | undefined
  let timer: NodeJS.Timeout | undefined
  let failures = 0
  let closed = false

  async function connect(): Promise<void> {
    const candidate = new pg.Client({
      connectionString: databaseUrl,
      application_name: 'tutti listens',
      keepAlive: true,
      connectionTimeoutMillis: responseMs,
      query_timeout: responseMs,
    })
    candidate.on('error', (error) => onLost(candidate, error))
    candidate.on('end', () => onLost(candidate))
    candidate.on('notification', ({ payload }) => payload !== undefined && subscription.onMessage(payload))
    try {
      await candidate.connect()
      await candidate.query(`listen ${pg.escapeIdentifier(subscription.channel)}`)
    } catch (error) {
      await endQuietly(candidate)
      throw error
    }
    if (closed) return endQuietly(candidate)
    client = candidate
    failures = 0
    subscription.onReconnect()
  }

  function onLost(lostClient: pg.Client, error?: Error): void {
    if (closed || lostClient !== client) return
    client = undefined
    void endQuietly(lostClient)
    subscription.log.warn({ err: error }, 'the connection that listens was lost; it is made again')
    reconnect()
  }

  function reconnect(): void {
    const pause = Math.min(longestPauseMs, 500 * 2 ** failures++)
    timer = setTimeout(() => connect().catch(() => closed || reconnect()), pause)
  }

  await connect()
  const keepAlive = setInterval(() => {
    const current = client
    current?.query('select 1').catch((error) => onLost(current, error))
  }, keepAliveMs)
  return {
    close: async () => {
      closed = true
      clearTimeout(timer)
      clearInterval(keepAlive)
      if (client) await endQuietly(client)
    },
  }
}
