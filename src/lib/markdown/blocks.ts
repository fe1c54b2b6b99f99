/**
 * Which lines of a comment are running text, as GitHub would show it. A reader of blocks after CommonMark 0.31 and
 * GitHub's footnotes, as far as it takes to tell text from code, quotes, footnotes, definitions and HTML. Where a line
 * could be both, it is not text: a missed command is typed again, a quoted one that acts is worse.
 */

/** One line of a comment. */
export interface BlockLine {
  /** As it was written, without its line end. */
  text: string
  /** The paragraph it belongs to, by number; undefined in code, headings, HTML, definitions and blank lines. */
  paragraph: number | undefined
  /** The author's own words: not inside a quote, a footnote or a link definition. */
  own: boolean
  /** HTML or running text: markup in it counts. False in code. */
  markup: boolean
}

type Container = { kind: 'quote' } | { kind: 'list' | 'footnote'; indent: number }
type Leaf =
  | { kind: 'none' }
  | { kind: 'paragraph'; id: number; definition: boolean }
  | { kind: 'fence'; mark: string; length: number }
  | { kind: 'html'; end: RegExp }
/** What one line turned out to be. */
type Kind = 'text' | 'html' | 'other'

const none: Leaf = { kind: 'none' }
// Spaces only: tabs are expanded before, and other blanks are text in CommonMark.
const blank = /^ *$/

const attribute = `\\s+[a-z_:][\\w:.-]*(?:\\s*=\\s*(?:[^\\s"'=<>\`]+|'[^']*'|"[^"]*"))?`
const loneTag = new RegExp(`^(?:<[a-z][a-z0-9-]*(?:${attribute})*\\s*/?>|</[a-z][a-z0-9-]*\\s*>)\\s*$`, 'i')
const blockTags =
  'address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt|' +
  'fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu|' +
  'menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr|track|ul'

/** How HTML blocks start and end (CommonMark 4.6, kinds 1 to 6). */
const htmlBlocks: readonly { start: RegExp; end: RegExp }[] = [
  { start: /^<(?:script|pre|style|textarea)(?:\s|>|$)/i, end: /<\/(?:script|pre|style|textarea)>/i },
  { start: /^<!--/, end: /-->/ },
  { start: /^<\?/, end: /\?>/ },
  { start: /^<![a-z]/i, end: />/ },
  { start: /^<!\[CDATA\[/, end: /\]\]>/ },
  { start: new RegExp(`^</?(?:${blockTags})(?:\\s|/?>|$)`, 'i'), end: blank },
]
/** Longer lines are not tried as a lone tag: the time of that pattern grows with the square of the length. */
const longestTag = 2_000
/** Quotes and lists inside each other; nobody writes more, and reading them takes the square of their number. */
const deepest = 50

/** Reads a comment line by line. */
export function readBlocks(body: string): BlockLine[] {
  const reader = new Reader()
  return body.split(/\r\n|\n|\r/).map((text) => reader.read(text))
}

class Reader {
  #containers: Container[] = []
  #leaf: Leaf = none
  #paragraphs = 0

  read(text: string): BlockLine {
    const kind = this.#take(expandTabs(text))
    const own = this.#containers.every((container) => container.kind === 'list')
    const leaf = this.#leaf
    if (kind !== 'text' || leaf.kind !== 'paragraph')
      return { text, paragraph: undefined, own, markup: kind === 'html' }
    return { text, paragraph: leaf.id, own: own && !leaf.definition, markup: true }
  }

  #take(line: string): Kind {
    let rest = line
    let depth = 0
    for (const container of this.#containers) {
      const inner = inside(container, rest)
      if (inner === undefined) break
      rest = inner
      depth++
    }
    const leaf = this.#leaf
    if (depth === this.#containers.length) {
      if (leaf.kind === 'fence') return this.#inFence(leaf, rest)
      if (leaf.kind === 'html') return this.#inHtml(leaf.end, rest)
    } else if (leaf.kind !== 'paragraph') this.#leaf = none
    return this.#open(rest, depth)
  }

  #inFence(fence: Extract<Leaf, { kind: 'fence' }>, rest: string): Kind {
    const closing = /^ {0,3}(`{3,}|~{3,}) *$/.exec(rest)?.[1]
    if (closing?.startsWith(fence.mark) && closing.length >= fence.length) this.#leaf = none
    return 'other'
  }

  #inHtml(end: RegExp, rest: string): Kind {
    if (end.test(rest)) this.#leaf = none
    return 'html'
  }

  /** Opens whatever blocks start in `rest`, inside the first `matched` containers. */
  #open(text: string, matched: number): Kind {
    let rest = text
    let depth = matched
    for (;;) {
      if (blank.test(rest)) return this.#close(depth)
      // Indented text goes on with a paragraph; without one it is code.
      if (/^ {4}/.test(rest)) return this.#leaf.kind === 'paragraph' ? 'text' : this.#close(depth)
      const container = containerStart(rest, this.#interrupts(depth))
      if (!container || depth >= deepest) return this.#openLeaf(rest, depth)
      this.#close(depth)
      this.#containers.push(container.container)
      rest = container.rest
      depth = this.#containers.length
    }
  }

  /** Whether a block that starts here would break into a paragraph rather than follow one. */
  #interrupts(depth: number): boolean {
    return this.#leaf.kind === 'paragraph' && depth === this.#containers.length
  }

  #openLeaf(rest: string, depth: number): Kind {
    const fence = /^ {0,3}(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(rest)
    const marks = fence?.[1] ?? fence?.[2]
    if (marks) {
      this.#close(depth)
      this.#leaf = { kind: 'fence', mark: marks.charAt(0), length: marks.length }
      return 'other'
    }
    if (/^ {0,3}(?:#{1,6}(?: |$)|(?:\* *){3,}$|(?:- *){3,}$|(?:_ *){3,}$)/.test(rest)) return this.#close(depth)
    const end = htmlEnd(rest.trimStart(), this.#leaf.kind === 'paragraph')
    if (end) {
      this.#close(depth)
      this.#leaf = { kind: 'html', end }
      return end === blank ? 'html' : this.#inHtml(end, rest)
    }
    if (this.#interrupts(depth) && /^ {0,3}(?:=+|-+) *$/.test(rest)) return this.#close(depth)
    return this.#text(rest, depth)
  }

  #text(rest: string, depth: number): Kind {
    // A paragraph goes on, also outside the quote or list it began in: it is still shown there.
    if (this.#leaf.kind === 'paragraph') return 'text'
    this.#close(depth)
    this.#leaf = { kind: 'paragraph', id: ++this.#paragraphs, definition: /^ {0,3}\[[^\]]+\]:/.test(rest) }
    return 'text'
  }

  #close(depth: number): Kind {
    this.#containers.length = depth
    this.#leaf = none
    return 'other'
  }
}

/** What of a line is inside a container that is open; undefined when the line is outside. */
function inside(container: Container, line: string): string | undefined {
  if (container.kind === 'quote') return /^ {0,3}> ?(.*)$/s.exec(line)?.[1]
  if (blank.test(line)) return line
  return blank.test(line.slice(0, container.indent)) ? line.slice(container.indent) : undefined
}

function containerStart(line: string, interrupting: boolean): { container: Container; rest: string } | undefined {
  const quoted = inside({ kind: 'quote' }, line)
  if (quoted !== undefined) return { container: { kind: 'quote' }, rest: quoted }
  const note = /^ {0,3}\[\^[^\]\s]+\]:(.*)$/s.exec(line)
  if (note) return { container: { kind: 'footnote', indent: 4 }, rest: note[1]?.trimStart() ?? '' }
  // A rule of asterisks or dashes is no list.
  if (/^ {0,3}(?:(?:\* *){3,}|(?:- *){3,})$/.test(line)) return undefined
  const item = /^( {0,3}(?:[-*+]|(\d{1,9})[.)]))( +|$)(.*)$/s.exec(line)
  if (!item) return undefined
  const [, marker = '', number, gap = '', content = ''] = item
  if (interrupting && (content === '' || (number !== undefined && Number(number) !== 1))) return undefined
  // Five spaces and more: the content starts after the first one, and is code.
  const width = content === '' || gap.length > 4 ? 1 : gap.length
  return {
    container: { kind: 'list', indent: marker.length + width },
    rest: ' '.repeat(Math.max(0, gap.length - width)) + content,
  }
}

function htmlEnd(line: string, inParagraph: boolean): RegExp | undefined {
  if (!line.startsWith('<')) return undefined
  const known = htmlBlocks.find(({ start }) => start.test(line))
  if (known) return known.end
  return !inParagraph && line.length <= longestTag && loneTag.test(line) ? blank : undefined
}

/** Tabs stop every four columns. */
function expandTabs(line: string): string {
  if (!line.includes('\t')) return line
  let result = ''
  for (const part of line.split('\t')) result += part + ' '.repeat(4 - ((result.length + part.length) % 4))
  return result
}
