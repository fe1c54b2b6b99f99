/**
 * How pages are written: templates whose values are escaped and cleaned. There is no other way to make HTML here, so no
 * page can forget it: a title with tags, terminal escapes or marks that turn the direction of text is shown as text.
 */

import { raw, html as template } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'
import { cleanText } from '../lib/sanitise-text.ts'

/** A piece of a page. */
export type Html = HtmlEscapedString
/** What may stand in a template. */
export type Piece = Html | string | number | boolean | null | undefined | readonly Piece[]

/** Marks that are not seen and turn the direction of what follows. */
const invisible = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/** A piece of a page: every value that is no piece itself is cleaned and escaped. */
export function html(strings: TemplateStringsArray, ...values: Piece[]): Html {
  // No value is a promise, so the template is none either.
  return template(strings, ...values.map(cleaned)) as Html
}

/** Markup that was made from text that is already escaped. */
export function markup(text: string): Html {
  return raw(text) as Html
}

/** Text as it is shown, still to be escaped. */
export function shownText(text: string): string {
  return cleanText(text).replace(invisible, '')
}

/** Text escaped for HTML. */
export function escapeText(text: string): string {
  return String(html`${text}`)
}

function cleaned(value: Piece): unknown {
  if (typeof value === 'string') return shownText(value)
  return Array.isArray(value) ? value.map(cleaned) : value
}

/**
 * A time: what a reader without scripts sees is UTC; the script of the pages says it in words and in their zone.
 * @param show `ago`: "3 min. ago"; `lasted`: how long since then; `clock`: the time of day.
 */
export function timeTag(at: Date | string | null | undefined, show: 'ago' | 'lasted' | 'clock' = 'ago'): Html {
  if (!at) return html`–`
  const iso = typeof at === 'string' ? at : at.toISOString()
  const plain = show === 'clock' ? iso.slice(11, 19) : `${iso.slice(0, 16).replace('T', ' ')} UTC`
  return html`<time datetime="${iso}" data-show="${show}">${plain}</time>`
}

/** A length of time for people: `12 s`, `4 min`, `2 h 5 min`, `3 days`. @param ms milliseconds. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.round(hours / 24)} days`
}

/** Bytes for people. */
export function bytesText(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GB` : `${Math.round(bytes / 2 ** 20)} MB`
}
