/** A roadmap as people write it: an issue's text or a file with headings and task lists. */

import { createHash } from 'node:crypto'
import { effortHours } from '../lib/effort-hours.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import { type IssueReference, referencesIn } from './dependency-lines.ts'
import { plainTitle, type TaskLine, taskLines, type UnreadLine } from './roadmap-lines.ts'

/** A line that is an issue, or is to become one. */
export interface RoadmapLine {
  /** Its number in the text, from 1. */
  line: number
  /** The headings above it, joined by ` › `. */
  heading: string
  title: string
  checked: boolean
  /** The issue that it names; null when it is a piece of work that is no issue yet. */
  issue: IssueReference | null
  /** What is written below it. */
  text: string
  /** The issues, and the lines by their digests, that it says it depends on. */
  issuesBefore: IssueReference[]
  linesBefore: string[]
  labels: string[]
  /** The same for the same title under the same headings: it says whether a line was made an issue before. */
  digest: string
}

/** A roadmap as it was read. */
export interface RoadmapContent {
  /** In their order; of equal ones the first. */
  lines: RoadmapLine[]
  /** Lines that were not understood, or not wholly. */
  problems: UnreadLine[]
}

/** GitHub refuses longer titles. */
const longestTitle = 256
/** Of a longer line no more is read; the whole of it is kept as text. */
const longestLine = 1_000
/** A line may depend on as many others: without a limit, the edges grow with the square of the lines. */
const mostBefore = 500

/**
 * Reads a roadmap.
 * - `- [ ] #12`, `- [x] owner/repo#3`, `- [ ] https://…/issues/4` and `- [ ] Title (#12)` name issues.
 * - `- [ ] Title` is a piece of work; the lines below it belong to it. It may carry `[effort:S]`, `[priority:1]`,
 *   `[module:auth]`, and `(depends on: "title of another line", #12)`.
 * @param text markdown, with any line ends.
 * @param repository `owner/name` that a bare `#12` belongs to.
 */
export function readRoadmap(text: string, repository: string): RoadmapContent {
  const { tasks, bad } = taskLines(text)
  const problems = [...bad]
  const lines = new Map<string, RoadmapLine>()
  const waits = new Map<RoadmapLine, string[]>()
  for (const task of tasks) {
    const { line, titles, problem } = understood(task, repository)
    if (problem) problems.push({ line: task.line, why: problem })
    // Further in, only the name of an issue is a part; other text belongs to the line above.
    if (!line || (task.within !== null && !line.issue)) continue
    const key = line.issue ? `${line.issue.repository}#${line.issue.number}` : line.digest
    const same = lines.get(key)
    if (same) {
      problems.push({ line: task.line, why: `it says the same as line ${same.line}` })
      continue
    }
    lines.set(key, line)
    waits.set(line, titles)
  }
  const all = [...lines.values()]
  const index = indexOf(all)
  for (const [line, titles] of waits) problems.push(...findLines(line, titles, index))
  return { lines: all, problems: problems.sort((one, other) => one.line - other.line) }
}

interface Understood {
  line: RoadmapLine | undefined
  /** The titles of the lines that it depends on. */
  titles: string[]
  problem: string | undefined
}

function understood(task: TaskLine, repository: string): Understood {
  const notes = annotations(firstCharacters(task.content, longestLine), repository)
  const issue = namedIssue(notes.rest, repository)
  const title = plainTitle(notes.rest)
  if (!issue && title === '') {
    return { line: undefined, titles: [], problem: 'it has no words besides what stands in brackets' }
  }
  const line: RoadmapLine = {
    line: task.line,
    heading: task.heading,
    title: firstCharacters(title, longestTitle),
    checked: task.checked,
    issue,
    text: [title.length > longestTitle ? `${task.content}\n` : '', ...task.below].join('\n').trim(),
    issuesBefore: notes.issues,
    linesBefore: [],
    labels: notes.labels,
    digest: digestOf(task.heading, title),
  }
  return { line, titles: notes.titles, problem: notes.problem }
}

function digestOf(heading: string, title: string): string {
  return createHash('sha256').update(`${heading}\n${title}`.toLowerCase()).digest('hex').slice(0, 16)
}

const annotation = /\[\s*(effort|priority|module)\s*:\s*([^\][]{0,60})\]/gi
const dependsOn = /\(\s*depends\s+on\b\s*:?((?:"[^"]*"|“[^”]*”|[^")“])*)\)/gi
const quotedTitle = /"([^"]*)"|“([^”]*)”/g

interface Annotations {
  rest: string
  labels: string[]
  issues: IssueReference[]
  titles: string[]
  problem: string | undefined
}

function annotations(said: string, repository: string): Annotations {
  const found: Annotations = { rest: said, labels: [], issues: [], titles: [], problem: undefined }
  found.rest = found.rest.replace(dependsOn, (_, inside: string) => {
    for (const [, straight, curly] of inside.matchAll(quotedTitle))
      found.titles.push(plainTitle(straight ?? curly ?? ''))
    const unquoted = inside.replace(quotedTitle, ' ')
    found.issues.push(...referencesIn(unquoted, repository))
    const left = unquoted.replace(/(?:https?:\/\/\S+)|(?<![\w./-])[\w./-]*#\d+|\band\b|[,;\s]/gi, '')
    if (left) found.problem = 'what it depends on is written `(depends on: "words of another line", #12)`'
    return ' '
  })
  found.rest = found.rest.replace(annotation, (_, family: string, value: string) => {
    const label = labelFor(family.toLowerCase(), value.trim())
    if (label) found.labels.push(label)
    else found.problem = `\`${family.toLowerCase()}\` is ${allowed[family.toLowerCase()]}`
    return ' '
  })
  return found
}

const allowed: Readonly<Record<string, string>> = {
  effort: '`S`, `M`, `L` or `XL`',
  priority: '`0`, `1`, `2` or `3`',
  module: 'lower-case words joined by dashes',
}

function labelFor(family: string, value: string): string | undefined {
  const size = value.toUpperCase()
  if (family === 'effort') return isEffort(size) ? `effort:${size}` : undefined
  if (family === 'priority') return /^[0-3]$/.test(value) ? `priority:${value}` : undefined
  return /^[a-z0-9][a-z0-9-]{0,39}$/.test(value) ? `module:${value}` : undefined
}

function isEffort(size: string): size is keyof typeof effortHours {
  return Object.hasOwn(effortHours, size)
}

const one = String.raw`(?:https?:\/\/[^\s/]+\/([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/(\d{1,9})[^\s)]*|([\w.-]+\/[\w.-]+)?#(\d{1,9}))`
const atStart = new RegExp(String.raw`^[*~_]{0,3}(?:\[[^\]]*\]\()?${one}(?![\w/])`)
const atEnd = new RegExp(String.raw`\s\(${one}\)\s*$`)

/** The issue that a line is about: the one it begins with, or the one in brackets at its end. */
function namedIssue(said: string, repository: string): IssueReference | null {
  const text = said.trim()
  const linked = /^\[[^\]]*\]\((\S+)\)/.exec(text)?.[1]
  const match = atStart.exec(linked ?? text) ?? atStart.exec(text) ?? atEnd.exec(text)
  if (!match) return null
  const [, fromUrl, urlNumber, named, number] = match
  return { repository: (fromUrl ?? named ?? repository).toLowerCase(), number: Number(urlNumber ?? number) }
}

/** The lines of a roadmap, by what others call them by. */
interface LineIndex {
  /** By title, in lower case. */
  byTitle: Map<string, RoadmapLine[]>
  /** By heading and title, in lower case. */
  byPlace: Map<string, RoadmapLine[]>
  /** By each heading that they stand under, in lower case. */
  byHeading: Map<string, RoadmapLine[]>
}

function indexOf(lines: readonly RoadmapLine[]): LineIndex {
  const byHeading = new Map<string, RoadmapLine[]>()
  for (const [path, under] of Map.groupBy(lines, (line) => line.heading.toLowerCase())) {
    for (const heading of new Set(path === '' ? [] : headingsOf(path))) {
      const known = byHeading.get(heading) ?? []
      for (const line of under) known.push(line)
      byHeading.set(heading, known)
    }
  }
  return {
    byTitle: Map.groupBy(lines, (line) => line.title.toLowerCase()),
    byPlace: Map.groupBy(lines, (line) => placeOf(line.heading, line.title)),
    byHeading,
  }
}

function headingsOf(path: string): string[] {
  return path.split(' › ')
}

function placeOf(heading: string, title: string): string {
  return `${heading}\n${title.toLowerCase()}`
}

/**
 * Finds the lines that a line says it depends on: by their title, nearest first under the same heading; else all that
 * stand under a heading of that title.
 */
function findLines(line: RoadmapLine, titles: Iterable<string>, index: LineIndex): UnreadLine[] {
  const problems: UnreadLine[] = []
  for (const title of new Set(titles)) {
    const why = findLine(line, title, index)
    if (why) problems.push({ line: line.line, why })
  }
  return problems
}

/** @returns why there is none, for people. */
function findLine(line: RoadmapLine, title: string, index: LineIndex): string | undefined {
  const near = othersOf(line, index.byPlace.get(placeOf(line.heading, title)))
  const [found, ...more] = near.length > 0 ? near : othersOf(line, index.byTitle.get(title.toLowerCase()))
  if (!found) return dependOnHeading(line, title, index.byHeading.get(title.toLowerCase()))
  if (more.length > 0) return `several lines are called “${firstCharacters(title, 80)}”`
  dependOn(line, found)
  return undefined
}

/** At most two of the lines besides `line`: whether there is one, and whether there are more. */
function othersOf(line: RoadmapLine, lines: readonly RoadmapLine[] = []): RoadmapLine[] {
  return lines
    .slice(0, 3)
    .filter((other) => other !== line)
    .slice(0, 2)
}

function dependOn(line: RoadmapLine, other: RoadmapLine): void {
  if (other.issue) line.issuesBefore.push(other.issue)
  else line.linesBefore.push(other.digest)
}

function dependOnHeading(line: RoadmapLine, title: string, under: readonly RoadmapLine[] = []): string | undefined {
  const shown = `“${firstCharacters(title, 80)}”`
  if (under.length === 0) return `no other line and no heading is called ${shown}`
  if (headingsOf(line.heading.toLowerCase()).includes(title.toLowerCase())) return `it stands under ${shown} itself`
  if (line.linesBefore.length + line.issuesBefore.length + under.length > mostBefore)
    return `it depends on more than ${mostBefore} lines`
  for (const other of under) dependOn(line, other)
  return undefined
}
