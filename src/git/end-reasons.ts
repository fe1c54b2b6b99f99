/** Why a command was ended by us, or never started, as a phrase that completes "git <command> failed: …". */

import { OperatorError } from '../lib/errors.ts'
import { defaultMaxBytes, defaultTimeout, type GitCommandOptions } from './git-options.ts'

/** The reason of a command that was aborted. */
export const stopReason = 'it was stopped'

/** The reason of a command that took too long. */
export function timeoutReason({ timeout = defaultTimeout }: GitCommandOptions): string {
  return `no end after ${Math.round(timeout / 1000)} s`
}

/** The reason of a command that wrote too much. */
export function overflowReason({ maxBytes = defaultMaxBytes }: GitCommandOptions): string {
  return `more than ${maxBytes} bytes of output`
}

/** The error for a git that could not be started. */
export function notStarted(why = 'git is not installed, or its folder is gone'): OperatorError {
  return new OperatorError(`git could not be started: ${why}`, 'Install git 2.38 or later.')
}
