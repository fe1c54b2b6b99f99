/** What people read about a roadmap: notes in its status comment, the report of an import, issues made from its lines. */

import type { IssueAddress } from '../domain/github.ts'
import { counted } from '../lib/counted.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'

/** How a roadmap is written, for people who have none yet. */
export const roadmapExample = [
  'A roadmap is an issue with sub-issues, or with a task list in its text. Each line is an issue, or becomes one:',
  '',
  '```markdown',
  '## Backend',
  '- [ ] #12',
  '- [ ] Add a login page [effort:M] [priority:1]',
  '- [ ] Add sessions (depends on: "Add a login page")',
  '```',
].join('\n')

/** So many issues are named; the rest are counted. */
const mostNamed = 10

/** An issue as it is named in a repository: `#12`, or `owner/repo#3` from elsewhere. */
export function issueNameIn(repository: string, { repository: its, number }: IssueAddress): string {
  return its.toLowerCase() === repository.toLowerCase() ? `#${number}` : `${its}#${number}`
}

/** Some issues by name: the first ones, and how many more there are. */
export function issueNamesIn(repository: string, issues: readonly IssueAddress[]): string {
  const names = issues.slice(0, mostNamed).map((issue) => issueNameIn(repository, issue))
  return issues.length > mostNamed ? `${names.join(', ')} and ${issues.length - mostNamed} more` : names.join(', ')
}

/** Notes about parts that are not queued. */
export const appNotInstalled = (names: string) =>
  `The app is not installed where these are, so they are left to people: ${names}.`
export const requesterMayNotWrite = (login: string, repository: string, names: string) =>
  `${singleLine(login)} may not write to ${singleLine(repository)}, so these are not queued: ${names}. Someone who may can say \`/queue\` there.`
export const requesterMayNotCreateIssues = (login: string) =>
  `${singleLine(login)} may not write here any more, so no new issues are made of its lines. Someone who may can say \`/roadmap start\`.`
export const missingIssues = (names: string) => `These do not exist or cannot be seen from here: ${names}.`
export const pullRequestsLeftOut = (names: string) =>
  `These are pull requests, no work for an agent, and are left out: ${names}.`
export const roadmapNamesItself = 'It names itself as a part; that line is left out.'
export const givenUpBefore = (names: string) =>
  `These were given up before, and are not queued again: ${names}. \`/queue\` there does it.`
export const notQueuedUnreported = (names: string) =>
  `These were put here by someone without write access, or it is not known by whom, so they are not queued: ${names}. \`/roadmap start\` takes them in.`
export const tooDeeplyNested = (names: string) =>
  `Below 8 levels nothing is taken apart any more, so these are not queued: ${names}. Put the label on them.`
export const badLine = (file: string | null, number: number, why: string) =>
  file === null ? `Line ${number}: ${why}.` : `\`${singleLine(file)}\`, line ${number}: ${why}.`
export const moreBadLines = (count: number) => `${counted(count, 'more line was', 'more lines were')} not understood.`
export const lineIssueNotCreated = (title: string, error: string) =>
  `“${singleLine(title, 80)}” could not be made an issue: ${singleLine(error, 120)}. \`/roadmap start\` tries again.`
export const lineCycle = (titles: readonly string[]) =>
  `These lines wait for each other in a circle, and are not made issues: ${titles.map((title) => `“${singleLine(title, 60)}”`).join(' → ')}. Take one “depends on” out.`
export const tooManyLines = (most: number, left: number) =>
  `At most ${most} lines of a roadmap are made issues; ${left} ${left === 1 ? 'is' : 'are'} left out.`
export const linesWaiting = (count: number) =>
  `${count} ${count === 1 ? 'line is' : 'lines are'} not an issue yet; more are made every few minutes, to stay within GitHub's limits.`

export const emptyRoadmap = `It lists no work yet. ${roadmapExample}`

/** The body of an issue that a line of a roadmap becomes. */
export function lineIssueBody(part: {
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

export const roadmapFileMissing = (file: string, branch: string) =>
  `There is no \`${singleLine(file)}\` on \`${singleLine(branch)}\`. ${roadmapExample}\n\nThe file's name is \`roadmap.file\` in the settings.`
export const roadmapFileTooLarge = (file: string) =>
  `\`${singleLine(file)}\` is larger than a megabyte and was not read. Split it.`

/** The report of an import. */
export function roadmapImported(result: {
  file: string
  fresh: number
  known: number
  checked: number
  stuck: number
  bad: number
}): string {
  const { file, fresh, known, checked, stuck, bad } = result
  const parts = [`${fresh} new`, `${known} known`]
  if (checked > 0) parts.push(`${checked} checked off`)
  if (stuck > 0) parts.push(`${stuck} in a circle`)
  if (bad > 0) parts.push(`${counted(bad, 'line')} not understood`)
  return `\`${singleLine(file)}\` was read: ${parts.join(', ')}.`
}

/** The item is cancelled together with its roadmap. @param roadmap its name, as seen from the item. */
export const roadmapGivenUp = (roadmap: string) => `${roadmap}, which it is a part of, was given up.`

export const roadmapEditRefused = (login: string) =>
  `${singleLine(login)} edited this roadmap, but has no write access, so its old text counts. Someone who has can say \`/roadmap start\` to take the new text.`
export const roadmapEditUnattributed =
  'This roadmap was edited, and GitHub does not say by whom, so its old text counts. Someone with write access can say `/roadmap start` to take the new text.'
