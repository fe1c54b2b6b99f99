/** The lines of a roadmap: which are headings, which are task list items, and what is written below each. */

import { expandTabs } from '../lib/markdown/block-starts.ts'
import type { BlockContainer } from '../lib/markdown/blocks.ts'
import { contentWithout, isInside, type MarkdownLine, readMarkdown } from '../lib/markdown/read-markdown.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import { saysDependency } from './dependency-lines.ts'

/** A task list item, as it is written. */
export interface TaskLine {
  /** Its number in the text, from 1. */
  line: number
  /** The headings above it as plain text, from the outermost, joined by ` › `. */
  heading: string
  checked: boolean
  /** What stands behind the checkbox. */
  content: string
  /** The lines below it that belong to it, without their indentation. */
  below: string[]
  /** The line of the task that it stands below; null at the top of its list. */
  within: number | null
}

/** A line that seems to be a piece of work, but is none. */
export interface UnreadLine {
  line: number
  /** What is wrong with it, for people. */
  why: string
}

const task = /^\[([ xX])\](?:\s+(.*))?$/s
const taskWithMarker = /^(?:[-*+]|\d{1,9}[.)])\s+\[[ xX]\]\s/
/** A checkbox with something wrong: nothing in it, no blank before or after it, another letter. */
const nearlyTask = /^(?:[-*+]|\d{1,9}[.)])?\s*\[(?: {0,3}|[xXyYvV✓✔-])\](?![([:])/
/** Of a heading; GitHub refuses longer titles, and each line below a heading repeats it. */
const longestHeading = 256

/**
 * Reads the task list items of a text, with the headings that they stand under.
 * Block quotes, footnotes, comments and code hold no work. What is folded away does: GitHub counts those tasks too, and
 * people fold long lists.
 * @param text markdown, with any line ends.
 */
export function taskLines(text: string): { tasks: TaskLine[]; bad: UnreadLine[] } {
  const reader = new TaskReader()
  for (const line of readMarkdown(text)) reader.read(line)
  return { tasks: reader.tasks, bad: reader.bad }
}

class TaskReader {
  readonly tasks: TaskLine[] = []
  readonly bad: UnreadLine[] = []
  #headings: { level: number; title: string }[] = []
  #heading = ''
  /** The task that lines further in belong to, and its list item. */
  #owner: { task: TaskLine; item: BlockContainer } | undefined

  read(line: MarkdownLine): void {
    if (this.#owner && !isInside(line.container, this.#owner.item)) this.#owner = undefined
    if (this.#owner) this.#readInside(line, this.#owner)
    else if (line.own && line.enclosed !== 'hidden' && !line.insideSpan) this.#readOutside(line)
  }

  /** A line below a task: text of it, and maybe a task of its own. */
  #readInside(line: MarkdownLine, { task: owner, item }: { task: TaskLine; item: BlockContainer }): void {
    const found = isSaid(line) && line.opens ? task.exec(contentOf(line)) : null
    if (found?.[2]) this.tasks.push({ ...this.#task(found, line), within: owner.line })
    owner.below.push(below(line, item.column))
  }

  #readOutside(line: MarkdownLine): void {
    if (line.heading) this.#enter(line)
    else if (line.kind === 'html') this.#readHtml(line)
    else if (line.kind === 'paragraph') this.#readText(line)
  }

  #readText(line: MarkdownLine): void {
    const content = contentOf(line)
    const found = line.opens ? task.exec(content) : null
    if (!found) {
      const why = whyNot(content)
      if (why) this.bad.push({ line: line.number, why })
      return
    }
    if (!found[2]) {
      this.bad.push({ line: line.number, why: 'nothing stands behind the checkbox' })
      return
    }
    if (saysDependency(found[2])) return
    const one = { ...this.#task(found, line), within: null }
    this.tasks.push(one)
    if (line.opens) this.#owner = { task: one, item: line.opens }
  }

  /** GitHub shows a task that follows a tag as it was typed. */
  #readHtml(line: MarkdownLine): void {
    if (taskWithMarker.test(line.content.trimStart()))
      this.bad.push({ line: line.number, why: 'it follows HTML: leave a blank line before it' })
  }

  #task([, mark, said]: RegExpExecArray, { number }: MarkdownLine): Omit<TaskLine, 'within'> {
    return { line: number, heading: this.#heading, checked: mark !== ' ', content: said ?? '', below: [] }
  }

  #enter({ heading }: MarkdownLine): void {
    if (!heading) return
    const start = firstCharacters(heading.title, 4 * longestHeading).replace(/<!--.*?-->/g, '')
    const title = firstCharacters(plainTitle(start), longestHeading)
    this.#headings = [...this.#headings.filter((one) => one.level < heading.level), { level: heading.level, title }]
    this.#heading = this.#headings.flatMap((one) => one.title || []).join(' › ')
  }
}

function isSaid(line: MarkdownLine): boolean {
  return line.kind === 'paragraph' && line.own && line.enclosed !== 'hidden'
}

function contentOf(line: MarkdownLine): string {
  return contentWithout(line, ['comment']).trim()
}

function whyNot(content: string): string | undefined {
  if (taskWithMarker.test(content))
    return 'it goes on with the text above: leave a blank line before it, or indent it less'
  return nearlyTask.test(content) ? 'a checkbox is written `- [ ] text`' : undefined
}

/** A line below a task: without its comments, and without the indentation that makes it belong there. */
function below(line: MarkdownLine, column: number): string {
  const hasComment = line.spans.some((span) => span.kind === 'comment')
  return unindented(hasComment ? withoutComments(line) : line.text, column).trimEnd()
}

/** Takes as many columns of blanks away; tabs further in stay, for code that needs them. */
function unindented(text: string, columns: number): string {
  let at = 0
  let column = 0
  for (; column < columns && (text[at] === ' ' || text[at] === '\t'); at++)
    column += text[at] === '\t' ? 4 - (column % 4) : 1
  return ' '.repeat(Math.max(0, column - columns)) + text.slice(at)
}

/** The whole line: `content` is the end of it, once its tabs are expanded. */
function withoutComments(line: MarkdownLine): string {
  const whole = expandTabs(line.text)
  return whole.slice(0, whole.length - line.content.length) + contentWithout(line, ['comment'])
}

/** Running text on one line, without markup and invisible characters: titles are plain text. */
export function plainTitle(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control and direction characters are what is removed
      .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, ' ')
      .replace(/!?\[([^\][]*)\]\([^)\s]*\)/g, '$1')
      .replace(/\*\*|~~|__/g, '')
      .replace(/\s+/g, ' ')
      .trim()
  )
}
