/** The lines of a comment that its author says in plain words: neither code nor quoted, nor hidden by markup. */

import { type BlockLine, readBlocks } from './blocks.ts'

/**
 * The plain lines of a comment, in order. Left out are code, quotes (also as HTML and in emails), footnotes, link
 * definitions, comments, folded `<details>`, and lines inside markup that spans lines.
 */
export function plainLines(body: string): PlainLine[] {
  const lines = untilEmailQuote(readBlocks(body))
  const hidden = new Set([...hiddenByMarkup(lines), ...enclosed(lines)])
  const plain = [...lines.entries()].filter(([, line]) => line.paragraph !== undefined && line.own && !hidden.has(line))
  return plain.map(([at, { text }]) => ({ text, below: () => textOf(lines.slice(at + 1)) }))
}

/** A line in plain words, and all that its author wrote below it, as it was written. */
export interface PlainLine {
  text: string
  below(): string
}

function textOf(lines: readonly BlockLine[]): string {
  return lines.map((line) => line.text).join('\n')
}

/** The line that mail programs put above the mail that is answered; they may wrap it. */
const wrote =
  /^(?:On|Am|Le|El|Il|Op|Em|Den|W dniu)\b.*(?:wrote|writes|schrieb|écrit|escribió|scritto|schreef|escreveu|skrev|napisał).{0,200}:\s*$/s
/** Three rows are enough for a name, an address and a date. */
const wroteRows = 3
/** Others of its kind, and the mark above a signature. */
const emailMarks = [
  /^.{0,200}<[^<>\s]+@[^<>\s]+>.{0,200}:\s*$/,
  /^-{2,}\s*(?:Original Message|Forwarded message)\s*-{2,}\s*$/i,
  /^Reply to this email directly\b/,
  /^_{20,}\s*$/,
  /^-- $/,
]
/** Longer lines are no such marks. */
const longestMark = 600

/** Everything after such a line is somebody else's, whether the mail program marked it or not. */
function untilEmailQuote(lines: BlockLine[]): BlockLine[] {
  const starts = lines.findIndex((line, at) => startsEmailQuote(line.text, lines, at))
  return starts === -1 ? lines : lines.slice(0, starts)
}

function startsEmailQuote(text: string, lines: BlockLine[], at: number): boolean {
  if (text.length > longestMark) return false
  if (emailMarks.some((mark) => mark.test(text))) return true
  if (!/^(?:On|Am|Le|El|Il|Op|Em|Den|W)\b/.test(text)) return false
  for (let rows = 1; rows <= wroteRows; rows++) {
    const joined = lines.slice(at, at + rows).map((line) => line.text)
    if (joined.join('').length <= longestMark && wrote.test(joined.join('\n'))) return true
  }
  return false
}

/** Lines that start inside a code span, a comment or a tag that began on a line before, in the same paragraph. */
function* hiddenByMarkup(lines: BlockLine[]): Generator<BlockLine> {
  const paragraphs = Map.groupBy(lines, (line) => line.paragraph)
  for (const [id, rows] of paragraphs) {
    if (id === undefined || rows.length === 1) continue
    const ranges = spans(rows.map((row) => row.text).join('\n'))
    let start = 0
    let hiddenUntil = 0
    let next = 0
    for (const row of rows) {
      // The ranges come in the order of their beginnings.
      for (let range = ranges[next]; range && range[0] < start; range = ranges[++next]) {
        hiddenUntil = Math.max(hiddenUntil, range[1])
      }
      if (start < hiddenUntil) yield row
      start += row.text.length + 1
    }
  }
}

/** Where code spans, comments and tags stand in a paragraph, from the first character to after the last one. */
function spans(text: string): [number, number][] {
  const found: [number, number][] = []
  const opening = /\\.|`+|<!--|<(?=[a-z/])/gis
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const end = spanEnd(text, match[0], opening.lastIndex)
    if (end === undefined) continue
    found.push([match.index, end])
    // A tag may hold another beginning: whichever ends last, hides.
    if (!match[0].startsWith('<')) opening.lastIndex = end
  }
  return found
}

function spanEnd(text: string, opening: string, from: number): number | undefined {
  if (opening.startsWith('\\')) return undefined
  if (opening.startsWith('`')) {
    const closing = new RegExp(`(?<!\`)${opening}(?!\`)`, 'g')
    closing.lastIndex = from
    return closing.exec(text) ? closing.lastIndex : undefined
  }
  const end = opening === '<!--' ? '-->' : '>'
  const at = text.indexOf(end, from)
  return at === -1 ? undefined : at + end.length
}

const enclosing = /<(\/?)(?:details|blockquote|pre|script|style|textarea|template|table)\b/gi

/** Lines between an opening and a closing tag of HTML that quotes, folds or hides; without a closing tag, all after it. */
function* enclosed(lines: BlockLine[]): Generator<BlockLine> {
  let depth = 0
  for (const line of lines) {
    if (depth > 0) yield line
    if (!line.markup) continue
    for (const [, closing] of line.text.replace(/`[^`]*`/g, '').matchAll(enclosing)) {
      depth = closing ? Math.max(0, depth - 1) : depth + 1
    }
  }
}
