/** The parts of a file in which two sides have changed the same lines, as git marks them. Pure. */

import { firstCharacters } from '../lib/sanitise-text.ts'

/** Lines shown around each conflict, as in a diff. */
const around = 3

/**
 * The conflicts of a marked file, with some lines around each.
 * @param limit characters that are kept
 */
export function conflictHunks(marked: string, limit: number): string {
  const lines = marked.split('\n')
  const shown = new Set<number>()
  let start: number | undefined
  for (const [at, line] of lines.entries()) {
    if (line.startsWith('<<<<<<< ')) start = at
    if (!line.startsWith('>>>>>>> ') || start === undefined) continue
    for (let n = Math.max(0, start - around); n <= Math.min(lines.length - 1, at + around); n++) shown.add(n)
    start = undefined
  }
  const rows: string[] = []
  let last: number | undefined
  for (const at of shown) {
    if (last !== undefined && at !== last + 1) rows.push('…')
    rows.push(lines[at] ?? '')
    last = at
  }
  const text = rows.join('\n')
  return text.length <= limit ? text : `${firstCharacters(text, limit)}\n… (cut)`
}
