/**
 * A directory lock for embedded PGlite, which has none: a second process would hang and could corrupt the data. The
 * lock names its holder by process id and start time, so that a reused pid is not mistaken for the holder.
 */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import { isAlive, type ProcessIdentity, startTimeOf } from '../lib/process-table.ts'

/**
 * Takes the lock of a data directory. Removes the lock of a dead process first.
 * @returns a function that releases it.
 * @throws {OperatorError} naming the pid when a live process holds it.
 */
export function lockDirectory(directory: string): () => void {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'tutti.lock')
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      writeFileSync(file, JSON.stringify({ pid: process.pid, startTime: startTimeOf(process.pid) }), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = readHolder(file)
      if (holder && isAlive(holder)) {
        throw new OperatorError(
          `the data directory ${directory} is in use by another Tutti, process ${holder.pid}`,
          'Stop that process, set DATA_DIR to another directory, or set DATABASE_URL to share a Postgres.',
        )
      }
      rmSync(file, { force: true })
    }
  }
  throw new OperatorError(`cannot take the lock ${file}: another process keeps taking it`, 'Start again.')
}

function readHolder(file: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null && 'pid' in value ? (value as ProcessIdentity) : undefined
  } catch {
    // A crash cut the file short while it was written: no process holds the lock.
    return undefined
  }
}
