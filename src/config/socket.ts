/** Finds the extensions of a socket: a folder is the registry, one file is one extension, its name is the id. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { z } from 'zod'
import { OperatorError } from './errors.ts'

/** How one socket looks. */
export interface Socket<Extension> {
  /** Absolute path of the folder. Folders inside it are not looked into: helpers live there. */
  folder: string
  /** Files of the folder that are no extension: the type, the loader. */
  except: readonly string[]
  /** The name each file exports its extension under: `command`, `gate`, `agent`. */
  exported: string
  /** The shape that every extension has. */
  shape: z.ZodType<Extension>
  /** The field that says the id again, which must be the file name without `.ts`. */
  idField: keyof Extension & string
}

/**
 * Loads every extension of a socket.
 * @returns the extensions by id, in the order of their names.
 * @throws {OperatorError} naming the file and the field that does not fit: a half-loaded socket is never served.
 */
export async function loadSocket<Extension>(socket: Socket<Extension>): Promise<ReadonlyMap<string, Extension>> {
  const names = (await readdir(socket.folder)).filter((name) => name.endsWith('.ts') && !socket.except.includes(name))
  const loaded = await Promise.all(names.sort().map((name) => loadOne(socket, name)))
  return new Map(loaded)
}

async function loadOne<Extension>(socket: Socket<Extension>, name: string): Promise<[string, Extension]> {
  const { exported, idField } = socket
  const module = await importFile(join(socket.folder, name), exported)
  if (!(exported in module)) {
    throw misfit(socket, name, exported, 'is not exported', 'A helper belongs in a folder of its own, or in `except`.')
  }
  const parsed = socket.shape.safeParse(module[exported])
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw misfit(socket, name, [exported, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'does not fit')
  }
  const id = name.replace(/\.ts$/, '')
  const said = parsed.data[idField]
  if (said !== id) throw misfit(socket, name, `${exported}.${idField}`, `is "${said}", but the file name says "${id}"`)
  return [id, parsed.data]
}

async function importFile(path: string, exported: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new OperatorError(`the ${exported} file ${path} cannot be loaded: ${message}`, 'Mend or remove it.', {
      cause,
    })
  }
}

function misfit<Extension>(
  socket: Socket<Extension>,
  name: string,
  field: string,
  problem: string,
  hint = 'Mend or remove it.',
): OperatorError {
  return new OperatorError(`the ${socket.exported} file ${name} does not fit: ${field} ${problem}`, hint)
}
