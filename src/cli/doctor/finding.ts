/** What a check of `tutti doctor` has found. */

/** `problem`: Tutti does not work so. `advice`: it works, and something could be better. */
export type FindingState = 'fine' | 'advice' | 'problem'

export interface Finding {
  /** What was looked at, such as `database`. */
  check: string
  state: FindingState
  /** One sentence without its full stop. */
  what: string
  /** What to do; undefined where nothing is to be done. */
  hint?: string | undefined
}

/** All is well. */
export function fine(check: string, what: string): Finding {
  return { check, state: 'fine', what }
}

/** Something must be done. */
export function problem(check: string, what: string, hint?: string): Finding {
  return { check, state: 'problem', what, hint }
}

/** Something could be better. */
export function advice(check: string, what: string, hint?: string): Finding {
  return { check, state: 'advice', what, hint }
}

/** An error as a finding: what an `OperatorError` says, and the message of any other. */
export function failedCheck(check: string, error: unknown): Finding {
  const { message, hint } = error as { message?: string; hint?: string }
  return problem(check, message ?? String(error), hint)
}
