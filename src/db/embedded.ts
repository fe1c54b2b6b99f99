/** Opens the embedded database so that a process that was killed at any moment leaves one that can be opened again. */

import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { PGlite } from '@electric-sql/pglite'
import { OperatorError, rootMessage } from '../lib/errors.ts'

/**
 * Opens the PGlite of a data directory, and makes it where there is none. The caller has the lock of the directory.
 *
 * A new one is made beside its place and renamed when it is whole: one that a kill has left half made could not be opened,
 * and looks like one that is damaged. A damaged one is never written over: PGlite itself takes a directory without its
 * `PG_VERSION` for a new one.
 * @param directory absolute path of the data directory.
 * @throws {OperatorError} when it cannot be opened; its files are kept.
 */
export async function openEmbeddedDatabase(directory: string): Promise<PGlite> {
  // Imported only here: with Postgres its WebAssembly would only use memory.
  const { PGlite } = await import('@electric-sql/pglite')
  const place = join(directory, 'pglite')
  const making = join(directory, 'pglite.making')
  try {
    if (!existsSync(place) || readdirSync(place).length === 0) {
      mkdirSync(directory, { recursive: true })
      rmSync(making, { recursive: true, force: true })
      const made = await PGlite.create(making)
      await made.close()
      renameSync(making, place)
    }
    if (!existsSync(join(place, 'PG_VERSION'))) throw new Error('the file PG_VERSION is missing')
    // The lock of the directory is ours, so this one is a dead process's. An empty one, after a kill, is refused.
    rmSync(join(place, 'postmaster.pid'), { force: true })
    return await PGlite.create(place)
  } catch (error) {
    throw cannotOpenEmbedded(directory, error)
  }
}

/** What an operator is told of an embedded database that does not open. */
export function cannotOpenEmbedded(directory: string, error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  const failed = nameOfFailedCall(error)
  if (failed)
    return new OperatorError(
      `cannot open the embedded database in ${directory}: a call to one of its files failed (${failed})`,
      roomless.has(failed)
        ? 'Make room on the disk, then start again.'
        : 'Check the disk and the rights to that directory, then start again.',
      { cause: error },
    )
  const message = rootMessage(error)
  // What the WebAssembly says where Postgres itself would have named the file.
  const damaged = /failed to initialize|Aborted|reading 'call'|PG_VERSION|RuntimeError|unreachable/.test(message)
  return new OperatorError(
    `cannot open the embedded database in ${directory}: ${damaged ? `its files are damaged (${message})` : message}`,
    'The directory is kept as it is. Restore a backup into an empty one with `tutti restore`, or move it away to start empty.',
    { cause: error },
  )
}

/** The numbers that WebAssembly gives to errors of the system (WASI preview 1, `errno`); those that a disk answers with. */
const systemErrors: Readonly<Record<number, string>> = {
  ...{ 2: 'EACCES', 19: 'EDQUOT', 22: 'EFBIG', 29: 'EIO', 33: 'EMFILE', 41: 'ENFILE' },
  ...{ 44: 'ENOENT', 51: 'ENOSPC', 63: 'EPERM', 69: 'EROFS' },
}
const roomless = new Set(['EDQUOT', 'ENOSPC'])

/** PGlite passes on what its file system has thrown: an object with a number, and no error. */
function nameOfFailedCall(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || error instanceof Error) return undefined
  const { errno } = error as { errno?: unknown }
  return typeof errno === 'number' ? (systemErrors[errno] ?? `error ${errno}`) : undefined
}
