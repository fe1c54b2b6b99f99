/** Places in files that the output of a program names. Pure. */

import { firstCharacters } from '../lib/sanitise-text.ts'

/** A place and what is said about it. */
export interface Annotation {
  /** Relative to the repository. */
  path: string
  line: number
  message: string
}

/** GitHub takes so many with one call (docs.github.com, "Update a check run"). */
export const mostAnnotations = 50
/** GitHub cuts a message at 64 KB; a reader needs less. */
const longestMessage = 500
/** Longer lines are no messages of a compiler or a linter. */
const longestLine = 2_000

/** `path:line: message`, `path:line:column: message` (GNU), and `path(line,column): message` (tsc, MSBuild). */
const forms = [
  /^\s*(?:[^\w./\\@-]+\s*)?([\w./\\@+-]+):(\d{1,7})(?::\d{1,7})?(?::\s*|\s+-?\s*)(\S.*)$/,
  /^\s*([\w./\\@+-]+)\((\d{1,7})(?:,\d{1,7})?\):\s*(\S.*)$/,
]

/**
 * The places that a log names, each once, in their order. Whether there is such a file is not known here.
 * @param limit how many at most.
 */
export function placesIn(log: string, limit: number): Annotation[] {
  const found = new Map<string, Annotation>()
  for (const row of log.split('\n')) {
    if (found.size >= limit) break
    const one = row.length <= longestLine ? placeIn(row) : undefined
    if (one) found.set(`${one.path}:${one.line}:${one.message}`, one)
  }
  return [...found.values()]
}

function placeIn(row: string): Annotation | undefined {
  for (const form of forms) {
    const [, named = '', digits = '', message = ''] = form.exec(row) ?? []
    const path = relativePath(named)
    const line = Number(digits)
    if (path !== undefined && line > 0) return { path, line, message: firstCharacters(message.trim(), longestMessage) }
  }
  return undefined
}

/** Gates run in a checkout of ours, whose path tools may print. */
const checkout = /^.*\/checks\/run-\d+\//

function relativePath(named: string): string | undefined {
  const path = named
    .replaceAll('\\', '/')
    .replace(checkout, '')
    .replace(/^(?:\.\/)+/, '')
  // A time of day is no place: a path has a folder, or letters with an ending.
  if (!/\/|[a-z_-][\w-]*\.\w/i.test(path)) return undefined
  return path.startsWith('/') || path.split('/').includes('..') ? undefined : path
}
