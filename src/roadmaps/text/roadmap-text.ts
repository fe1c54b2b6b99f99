/** A roadmap as people write it: an issue's text or a file with headings and task lists. */

import { createHash } from 'node:crypto'
import type { ItemRow } from '../../db/work-items.ts'
import { type IssueReference, referencesIn } from '../../domain/dependency-lines.ts'
import { type BadLine, type TaskLine, taskLines } from './lines.ts'

/** A line that is an issue, or is to become one. */
export interface RoadmapLine {
  /** Its number in the text, from 1. */
  line: number
  /** The headings above it, joined by ` › `. */
  heading: string
  title: string
  checked: boolean
  /** The issue that it names; null when it is a piece of work in words. */
  issue: IssueReference | null
  /** What is written below it. */
  text: string
  /** The issues, and the lines by their digests, that it says it depends on. */
  issuesBefore: IssueReference[]
  linesBefore: string[]
  labels: string[]
  /** The same for the same words under the same headings: it says whether a line was made an issue before. */
  digest: string
}

export interface Roadmap {
  /** In their order; of equal ones the first. */
  lines: RoadmapLine[]
  /** Lines that were not understood, or not wholly. */
  problems: BadLine[]
}

/** GitHub refuses longer titles. */
const longestTitle = 256
/** Of a longer line no more is looked at; what it says is kept as text. */
const longestLine = 1_000

/**
 * Reads a roadmap.
 * - `- [ ] #12`, `- [x] owner/repo#3`, `- [ ] https://…/issues/4` and `- [ ] Words (#12)` name issues.
 * - `- [ ] Words` is a piece of work; the lines below it belong to it. It may carry `[effort:S]`, `[priority:1]`,
 *   `[module:auth]`, and `(depends on: "words of another line", #12)`.
 * @param repository `owner/name` that a bare `#12` belongs to.
 */
export function readRoadmap(text: string, repository: string): Roadmap {
  const { tasks, bad } = taskLines(text)
  const problems = [...bad]
  const lines = new Map<string, RoadmapLine>()
  const waits = new Map<RoadmapLine, string[]>()
  for (const task of tasks) {
    const { line, titles, problem } = understood(task, repository)
    if (problem) problems.push({ line: task.line, why: problem })
    // Further in, only the name of an issue is a part; words belong to the line above.
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
  for (const [line, titles] of waits) problems.push(...findLines(line, titles, all))
  return { lines: all, problems: problems.sort((one, other) => one.line - other.line) }
}

interface Understood {
  line: RoadmapLine | undefined
  /** The words of the lines that it depends on. */
  titles: string[]
  problem: string | undefined
}

function understood(task: TaskLine, repository: string): Understood {
  const notes = annotations(task.said.slice(0, longestLine), repository)
  const issue = namedIssue(notes.rest, repository)
  const title = cleanTitle(notes.rest)
  if (!issue && title === '') {
    return { line: undefined, titles: [], problem: 'it has no words besides what stands in brackets' }
  }
  const heading = task.headings.map(cleanTitle).filter(Boolean).join(' › ')
  const line: RoadmapLine = {
    line: task.line,
    heading,
    title: title.slice(0, longestTitle),
    checked: task.checked,
    issue,
    text: [title.length > longestTitle ? `${task.said}\n` : '', ...task.below].join('\n').trim(),
    issuesBefore: notes.issues,
    linesBefore: [],
    labels: notes.labels,
    digest: digestOf(heading, title),
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
    for (const [, straight, curly] of inside.matchAll(quotedTitle)) found.titles.push((straight ?? curly ?? '').trim())
    const unquoted = inside.replace(quotedTitle, ' ')
    found.issues.push(...referencesIn(unquoted, repository))
    const left = unquoted.replace(/(?:https?:\/\/\S+)|[\w./-]*#\d+|\band\b|[,;\s]/gi, '')
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

function isEffort(size: string): size is NonNullable<ItemRow['effort']> {
  return ['S', 'M', 'L', 'XL'].includes(size)
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

/** Words on one line without markup: titles are plain text. */
function cleanTitle(said: string): string {
  return (
    said
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control and direction characters are what is removed
      .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, ' ')
      .replace(/!?\[([^\]]*)\]\([^)\s]*\)/g, '$1')
      .replace(/\*\*|~~|__/g, '')
      .replace(/\s+/g, ' ')
      .trim()
  )
}

/**
 * Finds the lines that a line says it depends on: by their words, nearest first under the same heading; else all that
 * stand under a heading of those words.
 */
function findLines(line: RoadmapLine, titles: readonly string[], all: readonly RoadmapLine[]): BadLine[] {
  const problems: BadLine[] = []
  for (const title of titles) {
    const same = all.filter((other) => other !== line && other.title.toLowerCase() === cleanTitle(title).toLowerCase())
    const near = same.filter((other) => other.heading === line.heading)
    const [found, ...more] = near.length > 0 ? near : same
    const shown = `“${cleanTitle(title).slice(0, 80)}”`
    if (!found) problems.push(...dependOnHeading(line, cleanTitle(title).toLowerCase(), shown, all))
    else if (more.length > 0) problems.push({ line: line.line, why: `several lines are called ${shown}` })
    else dependOn(line, found)
  }
  return problems
}

function dependOn(line: RoadmapLine, other: RoadmapLine): void {
  if (other.issue) line.issuesBefore.push(other.issue)
  else line.linesBefore.push(other.digest)
}

function dependOnHeading(line: RoadmapLine, title: string, shown: string, all: readonly RoadmapLine[]): BadLine[] {
  const isUnder = ({ heading }: RoadmapLine) => heading.toLowerCase().split(' › ').includes(title)
  const under = all.filter(isUnder)
  if (under.length === 0) return [{ line: line.line, why: `no other line and no heading is called ${shown}` }]
  if (isUnder(line)) return [{ line: line.line, why: `it stands under ${shown} itself` }]
  for (const other of under) dependOn(line, other)
  return []
}
