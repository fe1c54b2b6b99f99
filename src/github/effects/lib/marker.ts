/** How we find again what we wrote, and see whether it already reads as it should. */

import { createHash } from 'node:crypto'

/** A hidden line at the end of a text. */
export function marker(key: string): string {
  return `<!-- tutti:${key} -->`
}

/** A text with its marker. */
export function withMarker(text: string, key: string): string {
  return `${text}\n\n${marker(key)}`
}

/** A short digest of what was published: the same text is not written twice. */
export function fingerprintOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
