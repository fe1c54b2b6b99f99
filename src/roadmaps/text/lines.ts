/** The lines of a roadmap: which are headings, which are pieces of work, and what is written below each. */

import { saysDependency } from '../../domain/dependency-lines.ts'

/** A line with a checkbox, as it is written. */
export interface TaskLine {
  /** Its number in the text, from 1. */
  line: number
  /** The headings above it, from the outermost. */
  headings: string[]
  checked: boolean
  /** What stands behind the checkbox. */
  said: string
  /** The lines below it that belong to it, without their indentation. */
  below: string[]
  /** The line of the task that it stands below; null at the top of its list. */
  within: number | null
}

/** A line that looks like a piece of work, but is none. */
export interface BadLine {
  line: number
  /** What is wrong with it, for people. */
  why: string
}

const bullet = /^(?:[-*+]|\d{1,9}[.)])(?=\s|$)/
const task = /^(?:[-*+]|\d{1,9}[.)])\s+\[([ xX])\](?:\s+(.*))?$/
/** A checkbox with something wrong: nothing in it, no blank before or after it, another letter. */
const nearlyTask = /^(?:[-*+]|\d{1,9}[.)])?\s*\[(?: {0,3}|[xXyYvV✓✔-])\](?![([:])/
const heading = /^(#{1,6})(?:\s+(.*?))?(?:\s+#+)?\s*$/
const fence = /^(`{3,}|~{3,})/

/** Reads the lines of a roadmap. What stands in comments, quotes and code outside of lists is no work. */
export function taskLines(text: string): { tasks: TaskLine[]; bad: BadLine[] } {
  const reader = new Reader()
  const visible = text.replace(/<!--[\s\S]*?(?:-->|$)/g, (comment) => comment.replace(/[^\n]/g, ''))
  for (const [index, raw] of visible.split('\n').entries()) reader.read(raw.replace(/\r$/, ''), index + 1)
  return { tasks: reader.tasks, bad: reader.bad }
}

class Reader {
  readonly tasks: TaskLine[] = []
  readonly bad: BadLine[] = []
  #headings: { level: number; title: string }[] = []
  /** The task that lines further in belong to, and the column from which on they do. */
  #owner: { task: TaskLine; column: number } | undefined
  #inList = false
  #fence: string | undefined

  read(raw: string, line: number): void {
    const { indent, text } = unindented(raw)
    if (this.#fence !== undefined) {
      this.#keep(raw)
      if (text.startsWith(this.#fence)) this.#fence = undefined
      return
    }
    const inside = this.#owner !== undefined && (text === '' || indent >= this.#owner.column)
    const opened = fence.exec(text)?.[1]
    if (!inside && text !== '') this.#owner = undefined
    if (opened) {
      this.#fence = opened
      this.#keep(raw)
    } else if (text === '') this.#keep(raw)
    else if (inside) this.#readInside(raw, text, line)
    else if (indent < 4 || this.#inList) this.#readOutside(indent, text, line)
  }

  /** A line below a task: text of it, or a task of its own. */
  #readInside(raw: string, text: string, line: number): void {
    const found = task.exec(text)
    const owner = this.#owner?.task
    if (found?.[2] && owner) this.tasks.push({ ...this.#task(found, line), within: owner.line })
    this.#keep(raw)
  }

  #readOutside(indent: number, text: string, line: number): void {
    const title = heading.exec(text)
    if (title && indent < 4) {
      this.#enter(title[1]?.length ?? 1, title[2] ?? '')
      return
    }
    const listed = bullet.test(text)
    if (!listed && indent === 0) this.#inList = false
    const found = task.exec(text)
    if (!found) {
      if (nearlyTask.test(text)) this.bad.push({ line, why: 'a checkbox is written `- [ ] text`' })
      else if (listed) this.#inList = true
      return
    }
    this.#inList = true
    if (saysDependency(text)) return
    if (!found[2]?.trim()) {
      this.bad.push({ line, why: 'nothing stands behind the checkbox' })
      return
    }
    const one = { ...this.#task(found, line), within: null }
    this.tasks.push(one)
    const width = bullet.exec(text)?.[0].length ?? 1
    this.#owner = { task: one, column: indent + width + 1 }
  }

  #task([, mark, said]: RegExpExecArray, line: number): Omit<TaskLine, 'within'> {
    const headings = this.#headings.map(({ title }) => title)
    return { line, headings, checked: mark !== ' ', said: (said ?? '').trim(), below: [] }
  }

  #enter(level: number, title: string): void {
    this.#headings = [...this.#headings.filter((one) => one.level < level), { level, title: title.trim() }]
    this.#inList = false
  }

  /** Keeps a line as text of the task above it. */
  #keep(raw: string): void {
    if (!this.#owner) return
    const { task: of, column } = this.#owner
    of.below.push(withoutIndent(raw, column))
  }
}

/** Tabs count four columns. */
function unindented(raw: string): { indent: number; text: string } {
  const blanks = /^[ \t]*/.exec(raw)?.[0] ?? ''
  return { indent: blanks.replaceAll('\t', '    ').length, text: raw.slice(blanks.length).trimEnd() }
}

function withoutIndent(raw: string, columns: number): string {
  const { indent, text } = unindented(raw)
  return ' '.repeat(Math.max(0, indent - columns)) + text
}
