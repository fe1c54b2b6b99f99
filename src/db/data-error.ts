/** What an error of the database means: a value that can never be stored, or a transaction that may be run again. */

/**
 * Whether the database refused a value and would refuse it again: SQLSTATE class 22, "data exception", and class 54,
 * "program limit exceeded", such as a text too long for an index (Postgres manual, appendix A).
 */
export function isDataError(error: unknown): boolean {
  return hasState(error, /^(?:22|54)[0-9A-Z]{3}$/)
}

/** Whether the database has rolled a transaction back since two of them waited for each other (SQLSTATE 40P01). */
export function isDeadlock(error: unknown): boolean {
  return hasState(error, /^40P01$/)
}

function hasState(error: unknown, states: RegExp): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string' && states.test(current.code)) return true
  }
  return false
}
