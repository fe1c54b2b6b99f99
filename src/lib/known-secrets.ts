/** Finds secrets whose values are known, in any of their encodings, also where they are broken into pieces. */

import { encodingsOf } from './sanitise.ts'

/** A shorter value would be found by chance. */
const shortest = 8

/** The lines, from 1, on which a known secret begins. Each line once. */
export function linesWithKnownSecret(text: string, secrets: Iterable<string>): number[] {
  const squeezed = squeeze(text)
  const found = new Set<number>()
  for (const secret of secrets) {
    for (const encoded of encodingsOf(secret)) {
      const { text: wanted } = squeeze(encoded)
      if (wanted.length < shortest) continue
      for (let at = squeezed.text.indexOf(wanted); at !== -1; at = squeezed.text.indexOf(wanted, at + 1))
        found.add(squeezed.lineOf(at))
    }
  }
  return [...found].sort((a, b) => a - b)
}

/** The text without what may stand between pieces, and the line of each of its offsets. */
function squeeze(text: string): { text: string; lineOf(offset: number): number } {
  const rows = text.split('\n').map((row) => row.replace(/[\s"'`+\\,;]+/g, ''))
  const starts: number[] = []
  let length = 0
  for (const row of rows) {
    starts.push(length)
    length += row.length
  }
  const lineOf = (offset: number) => {
    let [low, high] = [0, starts.length - 1]
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return low + 1
  }
  return { text: rows.join(''), lineOf }
}
