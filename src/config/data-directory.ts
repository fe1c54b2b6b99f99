/** The data directory is there and can be written to, before anything is opened in it. */

import { accessSync, constants, mkdirSync } from 'node:fs'
import { OperatorError } from '../lib/errors.ts'

/**
 * Makes it where it is missing.
 * @throws {OperatorError} when it is a file, or this user may not write to it.
 */
export function prepareDataDirectory({ dataDirectory: path }: { dataDirectory: string }): void {
  try {
    mkdirSync(path, { recursive: true })
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new OperatorError(
      `DATA_DIR cannot be used: ${problemOf(code, message, path)}`,
      'Set DATA_DIR to a folder that the user of this process may write to.',
      { cause },
    )
  }
}

function problemOf(code: string | undefined, message: string, path: string): string {
  if (code === 'EEXIST' || code === 'ENOTDIR') return `${path} is a file, or lies under one`
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return `${path} may not be written to`
  return message
}
