/** The lines that the author of a text says in running text: neither code nor quoted, nor hidden by markup. */

import { untilMailQuote } from './mail-quotes.ts'
import { contentWithout, readMarkdown } from './read-markdown.ts'

/** A line of running text. */
export interface PlainLine {
  /** As it was written. */
  text: string
  /** Without the markers of its list items, and with a space for each code span, comment and tag. */
  content: string
  /** Part of a list item: blanks in front of it say so, and are no slip. */
  inList: boolean
  /** All that was written below it, as it was written, up to a quoted mail. */
  below(): string
}

/**
 * The lines of running text, in order. Commands and dependencies are read from these, so both count in the same places.
 * Left out are code, block quotes and quoted mail, footnotes, link definitions, headings, tables, comments, HTML blocks,
 * folded `<details>`, and lines that start inside of inline markup. Where a line could be both, it is left out: a command
 * that was missed is typed again, a quoted one that acts is worse.
 * @param body markdown, with any line ends.
 */
export function plainLines(body: string): PlainLine[] {
  const lines = untilMailQuote(readMarkdown(body))
  return lines.flatMap((line, at) => {
    if (line.kind !== 'paragraph' || !line.own || line.insideSpan || line.enclosed !== 'no') return []
    const content = contentWithout(line, ['code', 'comment', 'tag'], ' ')
    const below = () => textOf(lines.slice(at + 1))
    return [{ text: line.text, content, inList: line.container !== null, below }]
  })
}

function textOf(lines: readonly { text: string }[]): string {
  return lines.map((line) => line.text).join('\n')
}
