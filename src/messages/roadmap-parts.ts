/** What people read about the parts of a roadmap: in its status comment, and on the issues made from it. */

import type { IssueAddress } from '../domain/github.ts'
import { roadmapExample } from '../domain/roadmap-text.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'

/** Names longer than a list are counted. */
const mostNamed = 10

/** An issue as it is named in a repository: `#12`, or `owner/repo#3` from elsewhere. */
export function issueNameIn(repository: string, { repository: its, number }: IssueAddress): string {
  return its.toLowerCase() === repository.toLowerCase() ? `#${number}` : `${its}#${number}`
}

/** Some issues by name; of many the first, and how many more. */
export function issueNamesIn(repository: string, issues: readonly IssueAddress[]): string {
  const names = issues.slice(0, mostNamed).map((issue) => issueNameIn(repository, issue))
  return issues.length > mostNamed ? `${names.join(', ')} and ${issues.length - mostNamed} more` : names.join(', ')
}

export const noApp = (names: string) =>
  `The app is not installed where these are, so they are left to people: ${names}.`
export const mayNotWrite = (login: string, repository: string, names: string) =>
  `${singleLine(login)} may not write to ${singleLine(repository)}, so these are not queued: ${names}. Someone who may can say \`/queue\` there.`
export const mayNotMake = (login: string) =>
  `${singleLine(login)} may not write here any more, so no new issues are made of its lines. Someone who may can say \`/roadmap start\`.`
export const missingIssues = (names: string) => `These do not exist or cannot be seen from here: ${names}.`
export const pullRequestsLeftOut = (names: string) =>
  `These are pull requests, no work for an agent, and are left out: ${names}.`
export const namesItself = 'It names itself as a part; that line is left out.'
export const givenUp = (names: string) =>
  `These were given up before, and are not queued again: ${names}. \`/queue\` there does it.`
export const notQueuedUnreported = (names: string) =>
  `These were put here by somebody without write access, or nobody knows by whom, so they are not queued: ${names}. \`/roadmap start\` takes them in.`
export const tooDeep = (names: string) =>
  `Below 8 levels nothing is taken apart any more, so these are not queued: ${names}. Put the label on them.`
export const badLine = (file: string | null, number: number, why: string) =>
  file === null ? `Line ${number}: ${why}.` : `\`${singleLine(file)}\`, line ${number}: ${why}.`
export const moreBadLines = (count: number) => `${count} more lines were not understood.`
export const notMade = (title: string, error: string) =>
  `“${singleLine(title, 80)}” could not be made an issue: ${singleLine(error, 120)}. \`/roadmap start\` tries again.`
export const lineCycle = (titles: readonly string[]) =>
  `These lines wait for each other in a circle, and are not made issues: ${titles.map((title) => `“${singleLine(title, 60)}”`).join(' → ')}. Take one “depends on” out.`
export const tooManyLines = (most: number, left: number) =>
  `At most ${most} lines of a roadmap are made issues; ${left} are left out.`
export const stillMaking = (count: number) =>
  `${count} ${count === 1 ? 'line is' : 'lines are'} not an issue yet; more are made every few minutes, to stay within GitHub's limits.`

export const emptyRoadmap = `It lists no work yet. ${roadmapExample}`

/** The body of an issue that a line of a roadmap becomes. */
export function partBody(part: {
  epic: number
  heading: string
  file: string | null
  text: string
  waitsFor: readonly string[]
}): string {
  const from = [part.file ? `\`${singleLine(part.file)}\`` : '', singleLine(part.heading)].filter(Boolean).join(', ')
  const paragraphs = [
    sanitiseMarkdown(part.text, 20_000),
    part.waitsFor.length > 0 ? `Depends on ${part.waitsFor.join(', ')}` : '',
    `Part of #${part.epic}${from ? ` (${from})` : ''}.`,
  ]
  return paragraphs.filter(Boolean).join('\n\n')
}

export const noFile = (file: string, branch: string) =>
  `There is no \`${singleLine(file)}\` on \`${singleLine(branch)}\`. ${roadmapExample}\n\nThe file's name is \`roadmap.file\` in the settings.`
export const largeFile = (file: string) =>
  `\`${singleLine(file)}\` is larger than a megabyte and was not read. Split it.`

/** What an import says when it is done. */
export function imported(told: {
  file: string
  fresh: number
  known: number
  checked: number
  stuck: number
  bad: number
}): string {
  const { file, fresh, known, checked, stuck, bad } = told
  const parts = [`${fresh} new`, `${known} known`]
  if (checked > 0) parts.push(`${checked} checked off`)
  if (stuck > 0) parts.push(`${stuck} in a circle`)
  if (bad > 0) parts.push(`${bad} ${bad === 1 ? 'line' : 'lines'} not understood`)
  return `\`${singleLine(file)}\` was read: ${parts.join(', ')}.`
}
