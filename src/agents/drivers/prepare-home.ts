/** The home of a run: made from the operator's template before its agent starts. `keep-home.ts` says what becomes of it. */

import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { OperatorError } from '../../lib/errors.ts'
import type { AgentKind } from '../agent.ts'

export type HomeOf = Pick<AgentKind, 'id' | 'templates' | 'loginFiles' | 'skillsFolder' | 'operator'>

/**
 * Makes the home, and copies into it what the kind and the operator name. The copies are read-only: a program that wants
 * to change its settings changes nothing that another run reads.
 * @param env the variables of Tutti; those that name a folder of configuration are templates.
 * @throws {OperatorError} when a file that the operator names is not there.
 */
export function prepareHome(kind: HomeOf, env: Readonly<Record<string, string>>, home: string): void {
  mkdirSync(join(home, 'tmp'), { recursive: true, mode: 0o700 })
  for (const { variable, folder, files } of kind.templates) {
    const source = env[variable]
    if (source) copyThose(files, source, join(home, folder))
  }
  const { operator } = kind
  if (operator?.login !== undefined && copyThose(kind.loginFiles, operator.login, home) === 0) {
    throw new OperatorError(
      `there is no login for ${kind.id} in ${operator.login}`,
      `Expected there: ${kind.loginFiles.join(', ') || 'this kind keeps none in files'}.`,
    )
  }
  for (const [to, from] of Object.entries(operator?.files ?? {})) copy(from, join(home, to.slice(2)))
  for (const folder of operator?.skills ?? []) {
    if (kind.skillsFolder) copy(folder, join(home, kind.skillsFolder, basename(folder)))
  }
}

/** The paths in a home, relative to it, that are copied into it or made for one run alone. */
export function madePaths(kind: HomeOf): string[] {
  return [
    ...kind.templates.flatMap(({ folder, files }) => files.map((file) => join(folder, file))),
    ...kind.loginFiles,
    ...Object.keys(kind.operator?.files ?? {}).map((to) => to.slice(2)),
    ...(kind.skillsFolder ? [kind.skillsFolder] : []),
    // The last two were made by earlier versions.
    ...['tmp', 'tools', 'tools.place', 'tools.json', 'tools.sock'],
  ]
}

/** Copies the files that are there. @returns how many there are. */
function copyThose(files: readonly string[], source: string, target: string): number {
  const there = files.filter((file) => existsSync(join(source, file)))
  for (const file of there) copy(join(source, file), join(target, file))
  return there.length
}

function copy(from: string, to: string): void {
  try {
    mkdirSync(dirname(to), { recursive: true, mode: 0o700 })
    // A link is followed: the home must not reach out of itself.
    cpSync(from, to, { recursive: true, dereference: true, force: true })
    protect(to)
  } catch (cause) {
    throw new OperatorError(`${from} cannot be copied into the home of a run`, String(cause), { cause })
  }
}

/** Files are read-only; folders stay writable, since programs keep state beside their settings. */
function protect(path: string): void {
  const isFolder = lstatSync(path).isDirectory()
  chmodSync(path, isFolder ? 0o700 : 0o400)
  if (isFolder) for (const entry of readdirSync(path)) protect(join(path, entry))
}
