/** Text from an agent is untrusted: it is truncated and cleaned before Tutti stores or shows it. */

import { stripVTControlCharacters } from 'node:util'

// C0 and C1 control characters except tab and line feed: they confuse terminals and log viewers, and Postgres refuses NUL.
// biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern finds control characters.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Removes terminal escape sequences and control characters; tabs and line feeds stay. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(controls, '')
}

/** The beginning of a text: at most `max` UTF-16 units, and never half of a surrogate pair at its end. */
export function firstCharacters(text: string, max: number): string {
  if (text.length <= max) return text
  return text.slice(0, isHighSurrogate(text.charCodeAt(max - 1)) ? max - 1 : max)
}

/** The end of a text: at most `max` UTF-16 units, and never half of a surrogate pair at its begin. */
export function lastCharacters(text: string, max: number): string {
  if (text.length <= max) return text
  const start = text.length - max
  return text.slice(isHighSurrogate(text.charCodeAt(start - 1)) ? start + 1 : start)
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff
}

/** At most `max` UTF-16 units, with an ellipsis after truncation. */
export function truncate(text: string, max: number): string {
  return text.length <= max ? text : `${firstCharacters(text, max - 1)}…`
}

/** Cleaned and truncated text; '' for any value that is not a string. */
export function boundedText(value: unknown, max: number): string {
  // Truncated first, to twice the length, so that the cost of cleaning is bounded.
  return typeof value === 'string' ? truncate(cleanText(firstCharacters(value, max * 2)), max) : ''
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
