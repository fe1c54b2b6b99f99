/** How a verb ends, for the shell and for scripts. */

import { OperatorError } from '../lib/errors.ts'

/** What each exit code means; `tutti --help` and docs/cli.md say the same. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, unreachable: 4 } as const

/** One line for each exit code, for people. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'done',
  failed: 'failed; the message says why',
  usage: 'wrong usage: an unknown verb, option or argument',
  refused: 'Tutti has refused it: not allowed, not there, or not possible now',
  unreachable: 'no Tutti answers: it is not running, or the token is wrong',
}

/** An error that ends the verb with its own exit code; any other `OperatorError` ends it with 1. */
export class VerbError extends OperatorError {
  override name = 'VerbError'
  readonly exit: Exclude<keyof typeof exitCodes, 'done'>

  /** @param message one plain line. @param hint the next step. */
  constructor(exit: VerbError['exit'], message: string, hint?: string) {
    super(message, hint)
    this.exit = exit
  }
}
