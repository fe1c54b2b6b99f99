/** Text in columns of a terminal: measured, cut and padded by what the terminal shows, not by characters. */

import stringWidth from 'string-width'
import { cleanText } from '../lib/sanitise-text.ts'

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Marks that turn the direction of text, or take no place: they could make a line say something else. */
const unseen = /[\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Text of people and agents on one line: no escape sequences, no control characters, no direction marks. */
export function oneLine(text: string): string {
  return cleanText(text).replace(unseen, '').replace(/\s+/g, ' ').trim()
}

/** At most so many columns, with an ellipsis where something is missing. Wide characters and emoji stay whole. */
export function cut(text: string, columns: number): string {
  if (columns <= 0) return ''
  if (stringWidth(text) <= columns) return text
  let kept = ''
  let width = 0
  for (const { segment } of segmenter.segment(text)) {
    width += stringWidth(segment)
    if (width > columns - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

/** Exactly so many columns. */
export function column(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const shown = cut(text, columns)
  const blank = ' '.repeat(Math.max(0, columns - stringWidth(shown)))
  return align === 'left' ? shown + blank : blank + shown
}

/** Columns that a text takes. */
export function columnsOf(text: string): number {
  return stringWidth(text)
}
