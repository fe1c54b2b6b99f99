/** Loads the plug-ins of one kind: a folder is the registry, each file is one plug-in, and the file name is its id. */

import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { z } from 'zod'
import { OperatorError } from './errors.ts'

/** One kind of plug-in: commands, gates, agents. */
export interface PluginKind<Plugin> {
  /** Absolute path of the folder. Its subfolders are not read: they hold helpers. */
  folder: string
  /** Absolute paths of plug-in files in other folders. */
  files?: readonly string[]
  /** Files of the folder that are not plug-ins: the type, the registry. */
  except: readonly string[]
  /** The name of the export that is the plug-in: `command`, `gate`, `agent`. */
  exported: string
  /** The schema of every plug-in. */
  shape: z.ZodType<Plugin>
  /** The field with the id, which must equal the file name without `.ts`. */
  idField: keyof Plugin & string
}

/**
 * Loads every plug-in of a kind.
 * @returns the plug-ins by id, sorted by id.
 * @throws {OperatorError} naming the file and the invalid field. A partly loaded registry is never used.
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
    throw invalidPlugin(kind, name, exported, {
      problem: 'is not exported',
      hint: 'A helper belongs in a folder of its own, or in `except`.',
    })
  }
  const parsed = kind.shape.safeParse(module[exported])
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw invalidPlugin(kind, name, [exported, ...(issue?.path ?? [])].join('.'), {
      problem: issue?.message ?? 'does not fit',
    })
  }
  const id = name.replace(/\.[a-z]+$/, '')
  const declaredId = parsed.data[idField]
  if (declaredId !== id)
    throw invalidPlugin(kind, name, `${exported}.${idField}`, {
      problem: `is "${declaredId}", but the file name says "${id}"`,
    })
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

function invalidPlugin<Plugin>(
  kind: PluginKind<Plugin>,
  name: string,
  field: string,
  { problem, hint = 'Mend or remove it.' }: { problem: string; hint?: string },
): OperatorError {
  return new OperatorError(`the ${kind.exported} file ${name} does not fit: ${field} ${problem}`, hint)
}
