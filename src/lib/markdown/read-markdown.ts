/** The lines of a markdown text, each with what it is and what hides it. The one reader that all others are built on. */

import { type BlockContainer, type BlockLine, readBlocks } from './blocks.ts'
import { type InlineSpan, inlineSpans } from './inline-spans.ts'

/** A line, its inline markup, and the HTML around it. */
export interface MarkdownLine extends BlockLine {
  /** Code spans, comments and tags on it, by their indices in `content`. */
  spans: readonly InlineSpan[]
  /** It starts inside of a code span, a comment or a tag that began on a line before. */
  insideSpan: boolean
  /** HTML that is open where it starts: folded away, or quoted, preformatted or hidden. */
  enclosed: 'no' | 'folded' | 'hidden'
}

/** HTML whose content is not what its author says: it is folded away, quoted, preformatted or not shown. */
const enclosingTags: ReadonlySet<string> = new Set([
  ...['details', 'blockquote', 'pre', 'script', 'style', 'textarea', 'template', 'table'],
  ...['code', 'samp', 'q'],
])
/** These end with their paragraph, whether closed or not. */
const inlineTags: ReadonlySet<string> = new Set(['code', 'samp', 'q'])

/**
 * Reads a text.
 * @returns one entry for each line, in their order.
 */
export function readMarkdown(text: string): MarkdownLine[] {
  const enclosures = new Enclosures()
  return [...blocksOf(readBlocks(text))].flatMap((block) => markUp(block, enclosures))
}

/** Whether a container is `outer`, or inside of it. */
export function isInside(container: BlockContainer | null, outer: BlockContainer): boolean {
  for (let at = container; at; at = at.parent) if (at === outer) return true
  return false
}

/** The content of a line without its spans of some kinds; `filler` takes the place of each. */
export function contentWithout(line: MarkdownLine, kinds: readonly InlineSpan['kind'][], filler = ''): string {
  let result = ''
  let from = 0
  for (const { kind, start, end } of line.spans) {
    if (!kinds.includes(kind)) continue
    result += line.content.slice(from, start) + filler
    from = end
  }
  return result + line.content.slice(from)
}

/** Puts the lines of each paragraph, heading and HTML block together. */
function* blocksOf(lines: readonly BlockLine[]): Generator<BlockLine[]> {
  let block: BlockLine[] = []
  for (const line of lines) {
    if (block.length > 0 && (line.block === undefined || line.block !== block[0]?.block)) {
      yield block
      block = []
    }
    block.push(line)
  }
  if (block.length > 0) yield block
}

const noSpans: InlineSpan[] = []

function markUp(block: readonly BlockLine[], enclosures: Enclosures): MarkdownLine[] {
  const [first] = block
  const isHtml = first?.kind === 'html'
  const hasMarkup = first?.block !== undefined
  const text = hasMarkup ? block.map((line) => line.content).join('\n') : ''
  const spans = hasMarkup && /[`<]|-->/.test(text) ? spansOf(text, isHtml, enclosures) : []
  const result: MarkdownLine[] = []
  let start = 0
  let next = 0
  for (const line of block) {
    const end = start + line.content.length
    const before = spans[next]
    const enclosed = enclosures.at(line)
    const touching: InlineSpan[] = before ? [] : noSpans
    for (let span = before; span && span.start <= end; span = spans[++next]) {
      touching.push({ ...span, start: Math.max(0, span.start - start), end: Math.min(end, span.end) - start })
      if (span.start >= start) enclosures.pass(span, line)
      if (span.end > end) break
    }
    const insideSpan = before !== undefined && before.start < start
    // The same object: a text may have a million lines.
    result.push(Object.assign(line, { spans: touching, insideSpan, enclosed }))
    start = end + 1
  }
  return result
}

/** The spans of a block; in HTML, first the rest of a comment that began in a block before. */
function spansOf(text: string, isHtml: boolean, enclosures: Enclosures): InlineSpan[] {
  if (!isHtml) return inlineSpans(text, 'markdown')
  if (!enclosures.inComment) return inlineSpans(text, 'html')
  const end = text.indexOf('-->')
  if (end === -1) return []
  return [{ kind: 'comment', start: 0, end: end + 3 }, ...inlineSpans(text, 'html', end + 3)]
}

interface Enclosure {
  name: string
  /** What it ends with at the latest. */
  container: BlockContainer | null
  block: number | undefined
}

/** The tags that are open, from the outermost, as a browser would have them. */
class Enclosures {
  #open: Enclosure[] = []
  #counts = new Map<string, number>()
  /** A comment that did not end with its HTML block: it hides everything up to the next end of a comment in HTML. */
  inComment = false

  /** Leaves what ends before a line, and says what is open there. */
  at(line: BlockLine): MarkdownLine['enclosed'] {
    for (let last = this.#open.at(-1); last && !goesOn(last, line); last = this.#open.at(-1)) this.#pop()
    if (this.inComment) return 'hidden'
    if (this.#open.length === 0) return 'no'
    return this.#open.length === (this.#counts.get('details') ?? 0) ? 'folded' : 'hidden'
  }

  /** Takes in a span that starts on a line. */
  pass(span: InlineSpan, line: BlockLine): void {
    if (span.kind === 'comment') this.inComment = span.open === true
    if (this.inComment || span.name === undefined || !enclosingTags.has(span.name)) return
    if (span.closing) this.#close(span.name)
    else
      this.#push({
        name: span.name,
        container: line.container,
        block: inlineTags.has(span.name) ? line.block : undefined,
      })
  }

  #push(enclosure: Enclosure): void {
    this.#open.push(enclosure)
    this.#counts.set(enclosure.name, (this.#counts.get(enclosure.name) ?? 0) + 1)
  }

  #close(name: string): void {
    // Without this count, each closing tag of one kind would pass all the open ones of another.
    if ((this.#counts.get(name) ?? 0) === 0) return
    for (let closed = this.#pop(); closed !== undefined && closed !== name; ) closed = this.#pop()
  }

  #pop(): string | undefined {
    const last = this.#open.pop()
    if (last) this.#counts.set(last.name, (this.#counts.get(last.name) ?? 0) - 1)
    return last?.name
  }
}

function goesOn({ container, block }: Enclosure, line: BlockLine): boolean {
  if (block !== undefined && block !== line.block) return false
  return container === null || isInside(line.container, container)
}
