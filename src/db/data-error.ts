/** Errors that say: this value can never be stored. */

/**
 * Whether the database refused a value and would refuse it again: SQLSTATE class 22, "data exception", and class 54,
 * "program limit exceeded", such as a text too long for an index (Postgres manual, appendix A).
 */
export function isDataError(error: unknown): boolean {
  for (let current = error; current instanceof Error; current = current.cause) {
    if ('code' in current && typeof current.code === 'string' && /^(?:22|54)[0-9A-Z]{3}$/.test(current.code))
      return true
  }
  return false
}
