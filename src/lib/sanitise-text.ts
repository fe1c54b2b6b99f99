/** Text from an agent is untrusted: it is truncated and cleaned before Tutti stores or shows it. */

import { stripVTControlCharacters } from 'node:util'

// C0 and C1 control characters except tab and line feed: they confuse terminals and log viewers, and Postgres refuses NUL.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern finds control characters.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Removes terminal escape sequences and control characters; tabs and line feeds stay. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(controls, '')
}

/** At most `max` UTF-16 units, with an ellipsis after truncation. Never ends with half of a surrogate pair. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text
  const end = max - 1
  const last = text.charCodeAt(end - 1)
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end)}…`
}

/** Cleaned and truncated text; '' for any value that is not a string. */
export function boundedText(value: unknown, max: number): string {
  // Truncated first, to twice the length, so that the cost of cleaning is bounded.
  return typeof value === 'string' ? truncate(cleanText(value.slice(0, max * 2)), max) : ''
}

/** The value if it is a plain object, else undefined. */
export function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** The first `max` entries of an array; none for any other value. */
export function asList(value: unknown, max: number): unknown[] {
  return Array.isArray(value) ? value.slice(0, max) : []
}
