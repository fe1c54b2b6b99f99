/** Finds the plug-ins of one kind: a folder is the registry, one file is one plug-in, its name is the id. */

import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { z } from 'zod'
import { OperatorError } from './errors.ts'

/** One kind of plug-in: commands, gates, agents. */
export interface PluginKind<Plugin> {
  /** Absolute path of the folder. Folders inside it are not read: helpers live there. */
  folder: string
  /** Absolute paths of plug-in files that are elsewhere. */
  files?: readonly string[]
  /** Files of the folder that are no plug-in: the type, the registry. */
  except: readonly string[]
  /** The name each file exports its plug-in under: `command`, `gate`, `agent`. */
  exported: string
  /** The shape that every plug-in has. */
  shape: z.ZodType<Plugin>
  /** The field that repeats the id, which must be the file name without `.ts`. */
  idField: keyof Plugin & string
}

/**
 * Loads every plug-in of a kind.
 * @returns the plug-ins by id, in the order of their ids.
 * @throws {OperatorError} naming the file and the field that does not fit: a half-loaded registry never serves.
 */
export async function loadPlugins<Plugin>(kind: PluginKind<Plugin>): Promise<ReadonlyMap<string, Plugin>> {
  const names = (await readdir(kind.folder)).filter((name) => name.endsWith('.ts') && !kind.except.includes(name))
  const paths = [...names.map((name) => join(kind.folder, name)), ...(kind.files ?? [])]
  const loaded = await Promise.all(paths.map((path) => loadPlugin(kind, path)))
  return new Map(loaded.sort(([one], [other]) => (one < other ? -1 : 1)))
}

async function loadPlugin<Plugin>(kind: PluginKind<Plugin>, path: string): Promise<[string, Plugin]> {
  const { exported, idField } = kind
  const name = basename(path)
  const module = await importFile(path, exported)
  if (!(exported in module)) {
    throw misfit(kind, name, exported, 'is not exported', 'A helper belongs in a folder of its own, or in `except`.')
  }
  const parsed = kind.shape.safeParse(module[exported])
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw misfit(kind, name, [exported, ...(issue?.path ?? [])].join('.'), issue?.message ?? 'does not fit')
  }
  const id = name.replace(/\.[a-z]+$/, '')
  const said = parsed.data[idField]
  if (said !== id) throw misfit(kind, name, `${exported}.${idField}`, `is "${said}", but the file name says "${id}"`)
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

function misfit<Plugin>(
  kind: PluginKind<Plugin>,
  name: string,
  field: string,
  problem: string,
  hint = 'Mend or remove it.',
): OperatorError {
  return new OperatorError(`the ${kind.exported} file ${name} does not fit: ${field} ${problem}`, hint)
}
