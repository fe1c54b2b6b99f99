/** Replies of `/assign`, `/depends`, `/effort`, `/priority`, `/next`, `/why` and `/garden`. */

import { singleLine } from '../../lib/sanitise.ts'
import { type CommandRefusal, clock, countsOnceQueued, nothingQueued, sharedPaths } from './common.ts'
import { typed } from './typed.ts'

/** How an argument that names an issue is written. */
export const notAnIssue = 'an issue is written `#12` or `owner/repo#3`'
export const issueNotVisible = (issue: string): CommandRefusal => [
  `${issue} does not exist, or cannot be seen from here.`,
  'Check the number; where it is in another repository, install the app there.',
]
export const isPullRequest = (issue: string): CommandRefusal => [
  `${issue} is a pull request.`,
  'Name the issue that it is about.',
]

/** `/assign`. Why an issue is not assigned: parts of a sentence, without a stop. */
export const inAnotherRepository = 'it is in another repository; say it there'
export const doesNotExist = 'it does not exist, or cannot be seen'
export const itIsPullRequest = 'it is a pull request'
export const itIsClosed = 'it is closed'
export const itIsRoadmap = (prefix: string) => `it is a roadmap; ${typed(prefix, 'roadmap start')} there takes it in`
export const itIsPaused = (prefix: string) => `it is paused; ${typed(prefix, 'resume')} there goes on`
export const waitsForIssues = (issues: readonly string[]) => `it waits for ${issues.join(', ')}`
export const textWaitsFor = (issues: readonly string[], prefix: string) =>
  `it says that it waits for ${issues.join(', ')}; ${typed(prefix, 'queue')} there lets it`
export const isBlocked = (prefix: string) => `it is blocked by others; ${typed(prefix, 'queue')} there lets it wait`
export const enoughAssigned = (max: number) => `at most ${max} ${max === 1 ? 'was' : 'were'} asked for`

/** The issues that are not assigned, each with the reason. */
export interface NotAssigned {
  issue: string
  why: string
}
export const noneAssigned = (others: readonly NotAssigned[], prefix: string): CommandRefusal => [
  `None of them can begin:\n\n${notAssigned(others)}\n\n`,
  `${typed(prefix, 'next')} says what can.`,
]
export const assignedReply = (issues: readonly string[], others: readonly NotAssigned[]) =>
  `Assigned: ${issues.join(', ')}.${others.length > 0 ? `\n\nNot assigned:\n\n${notAssigned(others)}` : ''}`

function notAssigned(others: readonly NotAssigned[]): string {
  return others.map(({ issue, why }) => `- ${issue}: ${why}`).join('\n')
}

/** `/depends` */
export const nothingQueuedToDepend = (prefix: string): CommandRefusal => [
  'Nothing is queued here.',
  `${typed(prefix, 'queue')} queues it first.`,
]
export const cannotWaitForItself: CommandRefusal = ['An issue cannot wait for itself.', 'Name another one.']
/** Where a dependency was read. */
const dependencyPlaces = {
  native: 'GitHub’s “blocked by”',
  body: 'a line in the issue',
  command: '`/depends`',
  'sub-issue': 'a sub-issue',
  'task-list': 'a task list',
  roadmap: 'a roadmap',
  plan: 'a plan',
  order: 'its line in a roadmap',
} as const
export type DependencyPlace = keyof typeof dependencyPlaces

export function dependencyList(edges: readonly { issue: string; source: DependencyPlace }[]): string {
  if (edges.length === 0) return 'It waits for no other issue.'
  return ['It waits for:', '', ...edges.map(({ issue, source }) => `- ${issue} (${dependencyPlaces[source]})`)].join(
    '\n',
  )
}
export const blockerIsClosed = (issue: string) => `${issue} is closed already, so it holds nothing back.`
export const waitsAlready = (issue: string) => `It waits for ${issue} already.`
/** @param notes.working whether an agent works on it now. @param notes.notInstalledIn a repository without the app. */
export function waitsFromNowOn(issue: string, notes: { working: boolean; notInstalledIn: string | undefined }): string {
  const working = notes.working ? ' It is being worked on now; that counts when it is tried again.' : ''
  const late = notes.notInstalledIn
    ? ` The app is not installed in ${singleLine(notes.notInstalledIn)}, so its closing is noticed late.`
    : ''
  return `It waits for ${issue} from now on.${working}${late}`
}
export const stillWaits = (issue: string, sources: readonly DependencyPlace[]) =>
  `It still waits for ${issue}: ${sources.map((source) => dependencyPlaces[source]).join(', ')}. Take that out too.`
export const waitsNoMore = (issue: string, did: boolean) =>
  did ? `It waits for ${issue} no longer.` : `It did not wait for ${issue}.`

/** `/effort`, `/priority` */
export const effortReply = (effort: string, before: string | null | undefined, queued: boolean) =>
  before === effort
    ? `Its effort is ${effort} already.`
    : `Its effort is ${effort} now.${queued ? '' : countsOnceQueued}`
export const priorityReply = (priority: number, before: number | undefined, queued: boolean) =>
  before === priority
    ? `Its priority is ${priority} already.`
    : `Its priority is ${priority} now.${queued ? '' : countsOnceQueued}`

/** `/next` */
export const neverQueued = 'Nothing was ever queued in this repository.'
export const nextRow = (place: number, one: { issue: number; title: string; leverage: number; words: string }) =>
  `${place}. #${one.issue} ${singleLine(one.title, 100)} (leverage ${one.leverage}): ${one.words}`
export function atWork(issues: readonly number[], inThreads: readonly number[], mode: { name: string; set: boolean }) {
  const names = (some: readonly number[]) => some.map((issue) => `#${issue}`).join(', ')
  const who = issues.length > 0 ? `Being worked on: ${names(issues)}.` : 'No agent is at work here.'
  const how = `Mode: \`${mode.name}\`, ${mode.set ? 'as the settings say' : 'chosen by itself'}.`
  const threads = inThreads.length > 0 ? ` Supervised in other threads: ${names(inThreads)}.` : ''
  return `${who} ${how}${threads}`
}
/** @param left issues that could start and are not listed. @param blocked issues that wait for others or for people. */
export function notListed({ none, left, blocked }: { none: boolean; left: number; blocked: number }): string {
  return [
    none ? 'Nothing waits for an agent.' : '',
    left > 0 ? `${left} more could start when there is room.` : '',
    blocked > 0
      ? `${blocked} ${blocked === 1 ? 'waits' : 'wait'} for other issues or for people; \`/why #n\` says for what.`
      : '',
  ]
    .filter(Boolean)
    .join(' ')
}

/** `/why` */
export const nothingDecided = (prefix: string) =>
  `Nothing is queued here, so nothing was decided. ${nothingQueued(prefix)[1]}`
export const namesNoIssue = (text: string): CommandRefusal => [
  `\`${text.replaceAll('`', "'")}\` names no issue.`,
  'Say it like this: `/why #12`.',
]
export const notOurItem = (issue: string): CommandRefusal => [
  `#${issue} was never queued.`,
  '`/queue` there queues it.',
]
export const waitsSince = (decision: { explanation: string; rank: string; createdAt: Date }) =>
  `${decision.explanation}\n\n${details(decision.rank)}\n\n<sub>Decided at ${clock(decision.createdAt)}.</sub>`
/** When and why it was last started; '' when the decision says nothing about it. */
export function lastStarted(decision: { explanation: string; rank: string; createdAt: Date } | undefined): string {
  const because = decision && /^\S+ starts now: (.*)$/s.exec(decision.explanation)?.[1]
  return decision && because
    ? `Last started at ${clock(decision.createdAt)}, because ${because}\n\n${details(decision.rank)}`
    : ''
}

/** The formula is for those who ask for it. */
function details(rank: string): string {
  return `<details><summary>How it is ranked</summary>\n\n${rank}\n\n</details>`
}

/** @param more conflicts that are not listed. */
export function conflictList(
  conflicts: readonly { issue: number; overlaps: readonly { mine: string; theirs: string }[] }[],
  more: number,
): string {
  const rows = conflicts.map(({ issue, overlaps }) => `- #${issue}: ${sharedPaths(overlaps)}`)
  return [
    'It touches the same files as these, and so is not run together with them:',
    '',
    ...rows,
    ...(more > 0 ? [`- and ${more} more`] : []),
  ].join('\n')
}

/** `/garden` */
export const gardenStarted = 'Looking after the roadmap; the report follows in a moment.'
