/** Code spans, comments and tags inside a block (CommonMark 0.31, chapter 6). Linear in the length of the block. */

import { readTag } from './html-tags.ts'

/** A piece of a block that is not shown as text. */
export interface InlineSpan {
  kind: 'code' | 'comment' | 'tag'
  /** Its first index, and the one after its last. */
  start: number
  end: number
  /** The name of a tag, in lower case. */
  name?: string
  closing?: boolean
  /** A comment of an HTML block that does not end with it. */
  open?: boolean
}

/** What is not a tag, and how it ends. Each ending is searched from two characters on: `<!-->` is a whole comment. */
const declarations = [
  { start: '<!--', end: '-->' },
  { start: '<![CDATA[', end: ']]>' },
  { start: '<?', end: '?>' },
  { start: '<!', end: '>' },
]

/**
 * Finds the code spans, comments and tags of a block.
 * @param text the lines of the block, joined by LF.
 * @param syntax in `html` there are no code spans and no escapes, and a comment without an end goes on to the end of the
 *   text and past it; in `markdown` it is text.
 * @param from where to begin, as an index of `text`.
 * @returns the spans in their order; they do not overlap.
 */
export function inlineSpans(text: string, syntax: 'markdown' | 'html', from = 0): InlineSpan[] {
  const found: InlineSpan[] = []
  const opening = syntax === 'markdown' ? /\\[!-/:-@[-`{-~]|`+|<(?=[a-z/!?])/gi : /<(?=[a-z/!?])/gi
  const codeEnd = codeEnds(text)
  const ends = declarations.map(({ start, end }) => ({ start, end, next: nextOf(text, end) }))

  function spanAt(mark: string, start: number): InlineSpan | undefined {
    if (mark.startsWith('\\')) return undefined
    if (mark.startsWith('`')) {
      const end = codeEnd(mark.length, start + mark.length)
      return end === undefined ? undefined : { kind: 'code', start, end }
    }
    const declared = ends.find((one) => text.startsWith(one.start, start))
    if (!declared) {
      const tag = readTag(text, start)
      return tag && { kind: 'tag', start, end: tag.end, name: tag.name, closing: tag.closing }
    }
    const end = declared.next(start + 2)
    if (end !== undefined) return { kind: 'comment', start, end: end + declared.end.length }
    return syntax === 'html' && declared.start === '<!--'
      ? { kind: 'comment', start, end: text.length, open: true }
      : undefined
  }

  opening.lastIndex = from
  for (let match = opening.exec(text); match; match = opening.exec(text)) {
    const span = spanAt(match[0], match.index)
    if (!span) continue
    found.push(span)
    opening.lastIndex = span.end
  }
  return found
}

/** Searches forward. Asked for places that only grow, it reads the text once, however often it is asked. */
function nextOf(text: string, part: string): (from: number) => number | undefined {
  let at: number | undefined
  return (from) => {
    if (at === undefined || (at !== -1 && at < from)) at = text.indexOf(part, from)
    return at === -1 ? undefined : at
  }
}

/** Finds where code spans end: at the next run of as many backticks. The runs are listed once, by their length. */
function codeEnds(text: string): (length: number, from: number) => number | undefined {
  let runs: Map<number, { starts: number[]; next: number }> | undefined
  return (length, from) => {
    runs ??= backtickRuns(text)
    const same = runs.get(length)
    if (!same) return undefined
    while ((same.starts[same.next] ?? Number.POSITIVE_INFINITY) < from) same.next++
    const start = same.starts[same.next]
    return start === undefined ? undefined : start + length
  }
}

function backtickRuns(text: string): Map<number, { starts: number[]; next: number }> {
  const runs = new Map<number, { starts: number[]; next: number }>()
  for (const { 0: run, index } of text.matchAll(/`+/g)) {
    const same = runs.get(run.length)
    if (same) same.starts.push(index)
    else runs.set(run.length, { starts: [index], next: 0 })
  }
  return runs
}
