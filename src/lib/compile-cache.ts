/** What Node has compiled, for the helper processes that this one starts. */

import { getCompileCacheDir } from 'node:module'
import { dirname } from 'node:path'

/** The variable with which a Node finds what this one has compiled; empty where nothing is kept. */
export function compileCacheVariable(): { NODE_COMPILE_CACHE?: string } {
  // The last part is the version of Node, which each finds by itself.
  const folder = getCompileCacheDir()
  return folder ? { NODE_COMPILE_CACHE: dirname(folder) } : {}
}
