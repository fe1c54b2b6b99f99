/** Finds programs. */

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, isAbsolute, join } from 'node:path'

/** The absolute path of a program in the absolute folders of PATH; undefined when there is none that may be run. */
export function findOnPath(name: string, path: string | undefined): string | undefined {
  for (const folder of (path ?? '').split(delimiter)) {
    const found = isAbsolute(folder) ? runnableFile(join(folder, name)) : undefined
    if (found) return found
  }
  return undefined
}

/** The same path, when it is a file that may be run. */
export function runnableFile(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile() ? path : undefined
  } catch {
    return undefined
  }
}
