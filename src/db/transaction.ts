/**
 * One transaction on a connection of a Postgres pool. drizzle-orm has its own, which sends `begin` before its `try`: a
 * connection that is cut there never gives its place in the pool back (drizzle-orm 0.45.4, `node-postgres/session.js`;
 * issues 6023, 6114, 6241, 6341), and ten of them stop the process for good.
 */

import type { ExtractTablesWithRelations } from 'drizzle-orm'
import { NodePgSession, NodePgTransaction } from 'drizzle-orm/node-postgres/session'
import { PgDialect, type PgQueryResultHKT, type PgTransaction } from 'drizzle-orm/pg-core'
import type pg from 'pg'

type NoSchema = Record<string, never>

/** What queries of one transaction run on. */
export type DrizzleTransaction = PgTransaction<PgQueryResultHKT, NoSchema, ExtractTablesWithRelations<NoSchema>>

const dialect = new PgDialect()

/** The server ends a statement, and a transaction whose process has fallen silent, after this long. */
const longestMs = 60_000
const limits = `set local statement_timeout = ${longestMs}; set local idle_in_transaction_session_timeout = ${longestMs}`
/** A connection that cannot even roll back within this time is closed instead; the server then rolls back. */
const rollbackMs = 2_000

/**
 * Runs `work` in one transaction. Its connection goes back to the pool whatever happens: whole when the transaction
 * ended in order, and closed when it was cut or does not answer.
 * @param options.limited false on a database that cannot measure time: the embedded one.
 * @throws what `work` throws, and what the server says to `begin` and `commit`.
 */
export async function inPgTransaction<T>(
  pool: pg.Pool,
  work: (tx: DrizzleTransaction) => Promise<T>,
  { limited = true } = {},
): Promise<T> {
  const client = await pool.connect()
  let broken = true
  try {
    await client.query(limited ? `begin; ${limits}` : 'begin')
    try {
      const result = await work(transactionOn(client))
      const { command } = await client.query('commit')
      // Postgres answers a commit after a failed statement with a rollback, and no error.
      if (command !== 'COMMIT') throw new Error(`the transaction was not committed but: ${command}`)
      broken = false
      return result
    } catch (error) {
      broken = !(await rollback(client))
      throw error
    }
  } finally {
    client.release(broken)
  }
}

function transactionOn(client: pg.PoolClient): DrizzleTransaction {
  const session = new NodePgSession(client, dialect, undefined)
  return new NodePgTransaction(dialect, session, undefined) as unknown as DrizzleTransaction
}

/** @returns whether the connection is as it was before the transaction. */
async function rollback(client: pg.PoolClient): Promise<boolean> {
  const statement: pg.QueryConfig & { query_timeout: number } = { text: 'rollback', query_timeout: rollbackMs }
  return client.query(statement).then(
    () => true,
    () => false,
  )
}
