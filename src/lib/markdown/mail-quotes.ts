/** Where the mail begins that an answer by mail quotes. Mail programs do not always mark its lines with `>`. */

import type { BlockLine } from './blocks.ts'

/** The line that mail programs put above the mail that is answered; they may wrap it. */
const attribution =
  /^(?:On|Am|Le|El|Il|Op|Em|Den|W dniu)\b.*(?:wrote|writes|schrieb|écrit|escribió|scritto|schreef|escreveu|skrev|napisał).{0,200}:$/s
const attributionStart = /^(?:On|Am|Le|El|Il|Op|Em|Den|W)\b/
/** Three rows are enough for a name, an address and a date. */
const attributionRows = 3
const sender = /^.{0,200}<[^<>\s@]+@[^<>\s]+>.{0,200}:$/
/** Other marks of the kind, and the one above a signature. */
const mailMarks = [
  /^-{2,}\s*(?:Original Message|Forwarded message)\s*-{2,}\s*$/i,
  /^Reply to this email directly\b/,
  /^_{20,}\s*$/,
  /^-- $/,
]
/** Longer lines are no such marks. Some of the patterns take the square of the length. */
const longestMark = 600

/**
 * The lines above the first mark of a quoted mail. Everything after it is someone else's. Marks in code, in HTML and in
 * block quotes do not count: those say themselves where they end.
 */
export function untilMailQuote<Line extends BlockLine>(lines: readonly Line[]): readonly Line[] {
  const start = lines.findIndex((line, at) => isOwnText(line) && startsMailQuote(lines, at))
  return start === -1 ? lines : lines.slice(0, start)
}

function isOwnText({ kind, own }: BlockLine): boolean {
  return own && kind !== 'code' && kind !== 'html'
}

function startsMailQuote(lines: readonly BlockLine[], at: number): boolean {
  const text = lines[at]?.text ?? ''
  if (text.length > longestMark) return false
  if (/^[-R_]/i.test(text) && mailMarks.some((mark) => mark.test(text))) return true
  const row = text.trimEnd()
  if (row.endsWith(':') && sender.test(row)) return true
  if (!attributionStart.test(text)) return false
  for (let rows = 1; rows <= attributionRows; rows++) {
    const joined = lines.slice(at, at + rows).map((line) => line.text)
    const end = joined.at(-1)?.trimEnd() ?? ''
    if (!end.endsWith(':') || joined.join('').length > longestMark) continue
    if (attribution.test(joined.join('\n').trimEnd())) return true
  }
  return false
}
