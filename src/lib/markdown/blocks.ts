/**
 * The blocks of a markdown text, line by line: paragraphs, code, HTML, headings and tables, in block quotes, list items
 * and footnotes. It follows CommonMark 0.31 and GitHub, as far as it takes to say which lines are text. Inline markup is
 * not read here. Time and memory are linear in the length of the text.
 */

import {
  atxHeading,
  type BlockHeading,
  blankLine,
  type ContainerStart,
  closesFence,
  containerStart,
  delimiterCells,
  expandTabs,
  fenceStart,
  htmlBlockEnd,
  isBlankLine,
  isThematicBreak,
  quotedRest,
  setextLevel,
  tableCells,
} from './block-starts.ts'

/** What a line is. A paragraph that turns out to be a setext heading stays one; the line below it is its underline. */
export type BlockKind = 'blank' | 'paragraph' | 'heading' | 'underline' | 'rule' | 'code' | 'html' | 'table'

/** A block quote, list item or footnote that is open on a line. */
export interface BlockContainer {
  kind: ContainerStart['kind']
  /** The one around it; null at the top. */
  parent: BlockContainer | null
  /** Columns that a line must be indented inside of `parent`; 0 for a quote. */
  indent: number
  /** The column, from 0, at which its content starts on its first line. */
  column: number
}

/** One line of a text. */
export interface BlockLine {
  /** From 1. */
  number: number
  /** As it was written, without its line end. */
  text: string
  /** What stands inside of its containers, with spaces for tabs. */
  content: string
  kind: BlockKind
  /** The number of its paragraph, heading or HTML block; lines of one block follow each other. */
  block: number | undefined
  /** The innermost container that it is in. */
  container: BlockContainer | null
  /** The innermost list item that starts on it. */
  opens: BlockContainer | null
  /** The author's own: not in a quote or footnote, no link definition. */
  own: boolean
  /** On the line of an ATX heading, or on the underline of a setext heading. */
  heading: BlockHeading | undefined
}

type Leaf =
  | { kind: 'none' | 'table' }
  | { kind: 'paragraph'; own: boolean; lines: string[] }
  | { kind: 'fence'; marks: string }
  | { kind: 'html'; end: RegExp }

const noLeaf: Leaf = { kind: 'none' }
/** Containers inside each other. People write fewer, and reading them takes time for each line and container. */
const deepest = 50

/**
 * Reads a text line by line. Lines end with LF, CR LF or CR; a byte order mark is no part of the content.
 * @returns one entry for each line, in their order.
 */
export function readBlocks(text: string): BlockLine[] {
  const reader = new BlockReader()
  return text.split(/\r\n|\n|\r/).map((line) => reader.read(line))
}

class BlockReader {
  #containers: BlockContainer[] = []
  /** A list item without content on its first line; a blank line ends it. */
  #emptyItem: BlockContainer | undefined
  #leaf: Leaf = noLeaf
  #blocks = 0
  #line = 0
  #opens: BlockContainer | null = null
  #content = ''
  #heading: BlockHeading | undefined
  #previous: BlockLine | undefined

  read(text: string): BlockLine {
    this.#line++
    this.#opens = null
    this.#heading = undefined
    const kind = this.#take(expandTabs(this.#line === 1 ? text.replace(/^\ufeff/, '') : text))
    const leaf = this.#leaf
    const quoted = this.#containers.some((container) => container.kind !== 'item')
    this.#previous = {
      number: this.#line,
      text,
      content: this.#content,
      kind,
      block: this.#blockOf(kind),
      container: this.#containers.at(-1) ?? null,
      opens: this.#opens,
      own: !quoted && !(kind === 'paragraph' && leaf.kind === 'paragraph' && !leaf.own),
      heading: this.#heading,
    }
    return this.#previous
  }

  #blockOf(kind: BlockKind): number | undefined {
    return kind === 'paragraph' || kind === 'html' || kind === 'heading' ? this.#blocks : undefined
  }

  #take(line: string): BlockKind {
    let rest = line
    let depth = 0
    for (const container of this.#containers) {
      const inner = this.#inside(container, rest)
      if (inner === undefined) break
      rest = inner
      depth++
    }
    this.#emptyItem = undefined
    this.#content = rest
    const leaf = this.#leaf
    if (depth === this.#containers.length) {
      if (leaf.kind === 'fence') return this.#inFence(leaf.marks, rest)
      if (leaf.kind === 'html') return this.#inHtml(leaf.end, rest)
    } else if (leaf.kind !== 'paragraph') this.#leaf = noLeaf
    return this.#open(rest, depth, line.length)
  }

  /** What of a line is inside a container that is open; undefined when the line is outside. */
  #inside(container: BlockContainer, line: string): string | undefined {
    if (container.kind === 'quote') return quotedRest(line)
    if (isBlankLine(line)) return container === this.#emptyItem ? undefined : line
    return isBlankLine(line.slice(0, container.indent)) ? line.slice(container.indent) : undefined
  }

  #inFence(marks: string, rest: string): BlockKind {
    if (closesFence(rest, marks)) this.#leaf = noLeaf
    return 'code'
  }

  #inHtml(end: RegExp, rest: string): BlockKind {
    if (end.test(rest)) this.#leaf = noLeaf
    return 'html'
  }

  /** Opens the blocks that start in `text`, inside the first `matched` containers. */
  #open(text: string, matched: number, length: number): BlockKind {
    let rest = text
    let depth = matched
    for (;;) {
      this.#content = rest
      // Most lines: no block but a paragraph starts with a letter.
      if (/^ {0,3}[A-Za-z]/.test(rest)) return this.#text(rest, depth)
      if (isBlankLine(rest)) return this.#close(depth, 'blank')
      // Indented text goes on with a paragraph; without one it is code.
      if (/^ {4}/.test(rest))
        return this.#leaf.kind === 'paragraph' ? this.#text(rest, depth) : this.#close(depth, 'code')
      const start = containerStart(rest, this.#interrupts(depth))
      if (!start) return this.#openLeaf(rest, depth)
      if (depth >= deepest) return this.#tooDeep(rest, depth)
      this.#close(depth, 'blank')
      this.#push(start, length)
      rest = start.rest
      depth = this.#containers.length
    }
  }

  #push({ kind, indent, rest }: ContainerStart, length: number): void {
    const container = { kind, parent: this.#containers.at(-1) ?? null, indent, column: length - rest.length }
    this.#containers.push(container)
    if (kind !== 'item') return
    this.#opens = container
    if (isBlankLine(rest)) this.#emptyItem = container
  }

  /** Text that may be quoted, for all that is known: it is not the author's own. */
  #tooDeep(rest: string, depth: number): BlockKind {
    this.#text(rest, depth)
    if (this.#leaf.kind === 'paragraph') this.#leaf.own = false
    return 'paragraph'
  }

  /** Whether a block that starts here would break into a paragraph rather than follow one. */
  #interrupts(depth: number): boolean {
    return this.#leaf.kind === 'paragraph' && depth === this.#containers.length
  }

  #openLeaf(rest: string, depth: number): BlockKind {
    const marks = fenceStart(rest)
    if (marks) {
      this.#close(depth, 'code')
      this.#leaf = { kind: 'fence', marks }
      return 'code'
    }
    const heading = atxHeading(rest)
    if (heading) {
      this.#heading = heading
      this.#blocks++
      return this.#close(depth, 'heading')
    }
    const end = htmlBlockEnd(rest, this.#interrupts(depth))
    if (end) {
      this.#close(depth, 'html')
      this.#blocks++
      this.#leaf = { kind: 'html', end }
      return end === blankLine ? 'html' : this.#inHtml(end, rest)
    }
    if (this.#interrupts(depth) && this.#underlines(rest)) return this.#close(depth, 'underline')
    if (isThematicBreak(rest)) return this.#close(depth, 'rule')
    return this.#startsTable(rest, depth) ? 'table' : this.#text(rest, depth)
  }

  #underlines(rest: string): boolean {
    const level = setextLevel(rest)
    if (level === undefined || this.#leaf.kind !== 'paragraph') return false
    this.#heading = { level, title: this.#leaf.lines.map((line) => line.trim()).join(' ') }
    return true
  }

  /** The line above a row of dashes is the header of a table, when it has as many cells. */
  #startsTable(rest: string, depth: number): boolean {
    const header = this.#previous
    if (!this.#interrupts(depth) || header?.kind !== 'paragraph') return false
    const cells = delimiterCells(rest)
    if (cells === undefined || cells !== tableCells(header.content)) return false
    header.kind = 'table'
    header.block = undefined
    this.#leaf = { kind: 'table' }
    return true
  }

  #text(rest: string, depth: number): BlockKind {
    const leaf = this.#leaf
    if (leaf.kind === 'table') return 'table'
    // A paragraph goes on, also outside the quote or list item it began in: a lazy continuation is shown there.
    if (leaf.kind === 'paragraph') leaf.lines.push(rest)
    else {
      this.#close(depth, 'paragraph')
      const own = !/^ {0,3}\[[^\]]+\]:/.test(rest)
      this.#blocks++
      this.#leaf = { kind: 'paragraph', own, lines: [rest] }
    }
    return 'paragraph'
  }

  /** Ends the leaf, and every container past `depth`. */
  #close(depth: number, kind: BlockKind): BlockKind {
    this.#containers.length = depth
    this.#leaf = noLeaf
    return kind
  }
}
