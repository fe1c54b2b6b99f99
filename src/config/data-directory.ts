/** The data directory: it is there and can be written to, before anything is opened in it; and it has a name. */

import { randomUUID } from 'node:crypto'
import { accessSync, constants, existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
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

/**
 * The name of a data directory, the same over restarts: what processes with another one cannot read belongs to it.
 * Processes that start at once agree.
 */
export function placeOf({ dataDirectory }: { dataDirectory: string }): string {
  const file = join(dataDirectory, 'place')
  const read = () => (existsSync(file) ? readFileSync(file, 'utf8').trim() : '')
  const known = read()
  if (known !== '') return known
  mkdirSync(dataDirectory, { recursive: true })
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, `${randomUUID()}\n`)
  try {
    // A link is there whole or not at all, and the first one wins.
    linkSync(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return read()
}
