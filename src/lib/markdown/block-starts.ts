/**
 * How blocks start and end, by one line at a time (CommonMark 0.31, chapters 4 and 5; GitHub's footnotes and tables).
 * Every pattern is anchored and takes linear time. Lines come with their tabs expanded.
 */

import { readTag } from './html-tags.ts'

/** A block quote, list item or footnote that starts on a line. */
export interface ContainerStart {
  kind: 'quote' | 'item' | 'footnote'
  /** Columns that a later line must be indented to be inside; 0 for a quote. */
  indent: number
  /** What follows the marker. */
  rest: string
}

/** Whether a line is blank. Spaces only: other white space is text in CommonMark. */
export function isBlankLine(line: string): boolean {
  return blankLine.test(line)
}

/** Replaces tabs by spaces; they stop every four columns. */
export function expandTabs(line: string): string {
  if (!line.includes('\t')) return line
  let result = ''
  for (const [index, part] of line.split('\t').entries()) {
    if (index > 0) result += ' '.repeat(4 - (result.length % 4))
    result += part
  }
  return result
}

/** What stands behind the `>` of a block quote; undefined where there is none. */
export function quotedRest(line: string): string | undefined {
  return /^ {0,3}> ?(.*)$/s.exec(line)?.[1]
}

/**
 * The container that starts at the beginning of a line.
 * @param interrupting the line would otherwise go on with a paragraph: not every list item may break into one.
 */
export function containerStart(line: string, interrupting: boolean): ContainerStart | undefined {
  const quoted = quotedRest(line)
  if (quoted !== undefined) return { kind: 'quote', indent: 0, rest: quoted }
  const note = /^ {0,3}\[\^[^\]\s]+\]:(.*)$/s.exec(line)
  if (note) return { kind: 'footnote', indent: 4, rest: note[1]?.trimStart() ?? '' }
  return isThematicBreak(line) ? undefined : itemStart(line, interrupting)
}

function itemStart(line: string, interrupting: boolean): ContainerStart | undefined {
  const item = /^( {0,3}(?:[-*+]|(\d{1,9})[.)]))( +|$)(.*)$/s.exec(line)
  if (!item) return undefined
  const [, marker = '', number, gap = '', content = ''] = item
  if (interrupting && (content === '' || (number !== undefined && Number(number) !== 1))) return undefined
  // Five spaces and more: the content starts after the first one, and is code.
  const width = content === '' || gap.length > 4 ? 1 : gap.length
  const rest = ' '.repeat(Math.max(0, gap.length - width)) + content
  return { kind: 'item', indent: marker.length + width, rest }
}

/** Whether a line is a rule (`---`, `* * *`). */
export function isThematicBreak(line: string): boolean {
  return /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/.test(line)
}

/** The marks that open fenced code: three or more backticks or tildes. */
export function fenceStart(line: string): string | undefined {
  const fence = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/s.exec(line)
  return fence?.[1] ?? fence?.[2]
}

/** Whether a line closes the code that `opening` began: the same marks, at least as many. */
export function closesFence(line: string, opening: string): boolean {
  return /^ {0,3}(`{3,}|~{3,}) *$/.exec(line)?.[1]?.startsWith(opening) === true
}

/** A heading: its level from 1 to 6, and its text without the marks. */
export interface BlockHeading {
  level: number
  title: string
}

/** The ATX heading (`## Title ##`) that a line is. */
export function atxHeading(line: string): BlockHeading | undefined {
  const match = /^ {0,3}(#{1,6})(?= |$)/.exec(line)
  if (!match) return undefined
  const text = line.slice(match[0].length).trim()
  // Counted by hand: a pattern that is not anchored at its beginning takes the square of the length.
  let end = text.length
  while (text[end - 1] === '#') end--
  const closed = end === 0 || text[end - 1] === ' '
  return { level: match[1]?.length ?? 1, title: closed ? text.slice(0, end).trimEnd() : text }
}

/** The level of the setext heading that a line underlines. */
export function setextLevel(line: string): 1 | 2 | undefined {
  const mark = /^ {0,3}(=+|-+) *$/.exec(line)?.[1]
  return mark === undefined ? undefined : mark.startsWith('=') ? 1 : 2
}

/** The number of cells in a row of a table; an escaped `\|` is text. */
export function tableCells(line: string): number {
  const row = line.trim()
  let cells = row.startsWith('|') ? 0 : 1
  for (let at = 0; at < row.length; at++) {
    if (row[at] === '\\') at++
    else if (row[at] === '|' && at < row.length - 1) cells++
  }
  return cells
}

/** The number of cells in the row below a table's header (`| --- | :-: |`); undefined where a line is no such row. */
export function delimiterCells(line: string): number | undefined {
  if (!/^ {0,3}[-:|][-:| ]*$/.test(line) || !/[|:]/.test(line)) return undefined
  const cells = line.trim().replace(/^\|/, '').replace(/\|$/, '').split('|')
  return cells.every((cell) => /^ *:?-+:? *$/.test(cell)) ? cells.length : undefined
}

const blockTags =
  'address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|' +
  'fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|' +
  'menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul'

/** A blank line ends an HTML block of kind 6 or 7. */
export const blankLine = /^ *$/

/** How HTML blocks start and end (CommonMark 4.6, kinds 1 to 6). */
const htmlBlocks: readonly { start: RegExp; end: RegExp }[] = [
  { start: /^<(?:script|pre|style|textarea)(?:\s|>|$)/i, end: /<\/(?:script|pre|style|textarea)>/i },
  { start: /^<!--/, end: /-->/ },
  { start: /^<\?/, end: /\?>/ },
  { start: /^<![a-z]/i, end: />/ },
  { start: /^<!\[CDATA\[/, end: /\]\]>/ },
  { start: new RegExp(`^</?(?:${blockTags})(?:\\s|/?>|$)`, 'i'), end: blankLine },
]

/**
 * What ends the HTML block that starts on a line; undefined where none starts.
 * @param inParagraph the line would otherwise go on with a paragraph: a lone tag (kind 7) does not break into one.
 */
export function htmlBlockEnd(line: string, inParagraph: boolean): RegExp | undefined {
  const text = line.trimStart()
  if (!text.startsWith('<')) return undefined
  const known = htmlBlocks.find(({ start }) => start.test(text))
  if (known) return known.end
  const tag = inParagraph ? undefined : readTag(text, 0)
  return tag && text.slice(tag.end).trim() === '' ? blankLine : undefined
}
