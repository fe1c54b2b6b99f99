/** A database that cannot be reached for a moment: at start it is waited for, and said in one line. */

import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { OperatorError, rootMessage } from '../lib/errors.ts'

/** SQLSTATE classes 08, 53 and 57P (Postgres manual, appendix A), and what the driver and the socket say instead. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof AggregateError && error.errors.some(isConnectionLost)) return true
  if (!(error instanceof Error)) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return (
    /^(08|53300|57P|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|EAI_AGAIN)/.test(code) ||
    /connection (terminated|error)|not queryable|timeout exceeded when trying to connect/i.test(error.message)
  )
}

/** The error itself, or one that caused it, is a lost connection: drizzle and pg-boss wrap what the driver throws. */
export function comesFromLostConnection(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if (isConnectionLost(current)) return true
  }
  return false
}

/** Pauses between tries, in milliseconds: doubled each time, up to the longest. */
const firstPauseMs = 250
const longestPauseMs = 5_000

/**
 * Does `work`, and does it again while it fails because the database cannot be reached.
 * @param patienceMs after so long without it, it is no hiccup any more.
 * @param work calls `reached` when the database is there: a later failure is another one, with a patience of its own.
 * @throws {OperatorError} then; any other error of `work` at once.
 */
export async function whileDatabaseIsAway<T>(
  patienceMs: number,
  log: Logger,
  work: (reached: () => void) => Promise<T>,
): Promise<T> {
  let until = performance.now() + patienceMs
  let pause = firstPauseMs
  const reached = () => {
    until = performance.now() + patienceMs
    pause = firstPauseMs
  }
  for (; ; pause = Math.min(longestPauseMs, pause * 2)) {
    try {
      return await work(reached)
    } catch (error) {
      if (!comesFromLostConnection(error)) throw error
      if (performance.now() + pause > until) throw error instanceof OperatorError ? error : cannotUse(error)
      log.warn(`the database cannot be reached (${rootMessage(error)}); trying again in ${pause / 1_000} s`)
      await wait(pause)
    }
  }
}

/** The database in the settings is of no use now; says why. */
export function cannotUse(error: unknown): OperatorError {
  return new OperatorError(
    `cannot use the database in DATABASE_URL: ${rootMessage(error)}`,
    'Check that it runs, that the name exists and that the user may create tables.',
    { cause: error },
  )
}

/** The database was away for so long that this process gives up. */
export function databaseLost(seconds: number): OperatorError {
  return new OperatorError(
    `the database could not be reached for ${seconds} s; this process ends, so that it is started again`,
    'Check that the database runs; DATABASE_TIMEOUT_SECONDS says how long it is waited for.',
  )
}
