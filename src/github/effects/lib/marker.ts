/** How we find again what we wrote, and see whether it already reads as it should. */

import { createHash } from 'node:crypto'

/** A hidden line at the end of a text. */
export function marker(key: string): string {
  return `<!-- tutti:${key} -->`
}

/** The end of a text that we write: its marker. A marker that was cut off would not be found again. */
export function ending(key: string): string {
  return `\n\n${marker(key)}`
}

/** A short digest of what was published: the same text is not written twice. */
export function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
