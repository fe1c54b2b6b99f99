/** Text from an agent is foreign: it is cut and cleaned before anybody stores or shows it. */

import { stripVTControlCharacters } from 'node:util'

// C0 and C1 control characters except tab and line feed: a terminal, a log viewer or Postgres (NUL) trips over them.
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is the point.
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** Removes terminal escape sequences and control characters; tabs and line feeds stay. */
export function cleanText(text: string): string {
  return stripVTControlCharacters(text.replaceAll('\r\n', '\n')).replace(controls, '')
}

/** At most `max` UTF-16 units, with an ellipsis where something was cut; never half of a surrogate pair. */
export function truncate(text: string, max: number): string {
  if (text.length <= max) return text
  const end = max - 1
  const last = text.charCodeAt(end - 1)
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end)}…`
}

/** Cleaned and cut; an empty string for anything but a string. */
export function boundedText(value: unknown, max: number): string {
  // Cut first, generously, so that cleaning costs no more than what is kept.
  return typeof value === 'string' ? truncate(cleanText(value.slice(0, max * 2)), max) : ''
}

/** A plain object, or undefined. */
export function asRecord(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined
}

/** The first `max` entries of an array; none for anything else. */
export function asList(value: unknown, max: number): unknown[] {
  return Array.isArray(value) ? value.slice(0, max) : []
}
