/** Sentences of the pages of a repository in the dashboard. In backticks: code. */

import { counted } from '../lib/counted.ts'
import type { EmptyText } from './dashboard.ts'

// The board.
export const lanes = {
  person: ['Needs a person', 'Nothing waits for you.'],
  next: ['Up next', 'Label an issue to queue it.'],
  atWork: ['At work', 'No agent is at work.'],
  merging: ['Merging', 'Nothing is being merged.'],
  done: ['Done', 'What is merged shows up here.'],
} as const satisfies Record<string, readonly [title: string, empty: string]>
export const badSettingsFile = (problem: string) =>
  `The settings of this repository cannot be used, so the last good ones count: ${problem}`
export const everythingStopped = (reason: string) =>
  `Everything here was stopped: ${reason} Say \`/resume all\` on an issue, or use the button below, once it is mended.`
export const pausedHere = 'This repository is paused: no new work starts.'
/** What a person is needed for. */
export const neededFor = (count: number) => (count > 0 ? 'questions, plans, reviews, held work' : 'all is moving')
export const waitsForTurn = 'Waits for its turn.'
export const noReportYet = 'Has not reported yet.'
export const agentsAtWorkTitle = 'Agents at work'
export const noAgentAtWork: EmptyText = [
  'No agent is at work',
  'An agent starts as soon as an item is ready and nothing that it needs is taken.',
]
export const whoWaitsTitle = 'Who waits for whom'
/** @param items with their number: `1 item`. */
export const itemsWait = (count: number, items: string) => `${items} ${count === 1 ? 'waits' : 'wait'} for it:`
export const nothingHappened: EmptyText = ['Nothing has happened yet', 'Every step of every item will be listed here.']
export const putToWorkTitle = 'Put to work'
export const numberOfIssue = 'Number of the issue'
export const resumeButton = 'Resume the repository'
export const pauseButton = 'Pause the repository'
export const firstIssue = (label: string, repository: string): EmptyText => [
  'No issue is queued yet',
  `Put the label \`${label}\` on an issue of ${repository}, or give its number here. An agent then makes a branch, does the work, proves it with your gates, and opens a pull request.`,
]

// The dependencies.
export const nothingInGraph: EmptyText = [
  'Nothing is queued',
  'Issues that say `Depends on #12`, GitHub\'s "blocked by", and the parts of roadmaps become a graph here.',
]
export const graphPicture = 'The dependencies as a graph. The list below says the same.'
export const graphList = 'Dependencies as a list'
export const notQueuedHere = 'Not queued here'
export const criticalPathOf = (items: number, hours: number) =>
  `critical path: ${counted(items, 'item')}, about ${counted(hours, 'agent hour')}`
export const graphLegend = {
  calm: 'waits',
  accent: 'at work',
  warn: 'needs a person',
  bad: 'held, or on the critical path',
  good: 'done',
} as const
export const onCriticalPath = 'on the critical path'

// The crew.
export const emptyCrew: EmptyText = [
  'The crew is empty so far',
  'The first agent that starts here gets a name, and keeps it: what it learns is remembered under that name.',
]
export const nothingLearned: EmptyText = [
  'Nothing is remembered yet',
  'Agents note what they learn; say `/memory` on an issue to read and change it.',
]
export const noRestart: EmptyText = ['No agent had to be restarted', 'Crashes, stalls and lost agents are listed here.']
export const noAttempt: EmptyText = ['No agent has worked here yet', 'Queue an issue from the board.']
export const learnedTitle = 'What they have learned'
export const lastGivenWork = 'last given work'

// Spending.
export const lastDays = (days: number) => `Last ${days} days`
export const forMergedPull = 'For a merged pull request'
export const meanOfMerged = (count: number) => `mean of ${count}, failed attempts included`
export const limitOfDay = 'Limit of a day'
export const dayLimitNote = (isSet: boolean) =>
  isSet ? 'no agent starts beyond it' : 'set `limits.spendPerDay` or `limits.tokensPerDay` in `.github/tutti.yml`'
export const tokenCount = (count: string) => `${count} tokens`
export const noCostReported: EmptyText = [
  'No cost was reported yet',
  'Agents report what they cost. For those that report tokens alone, the operator may set prices in `agents.yml`.',
]
export const byDayIn = (currency: string) => `By day, in ${currency}`
export const costChart = (days: number) => `Cost of each of the last ${days} days; the table below has the numbers`
export const byKindOfAgent = 'By kind of agent'
export const costByKind = 'Cost by kind of agent'

// The merge queue.
export const waitForMergeTitle = 'Waiting to be merged'
export const waitForMergeInto = (branch: string) => `Waiting to be merged into ${branch}`
export const emptyMergeQueue: EmptyText = [
  'The merge queue is empty',
  'An approved pull request comes here with `/merge`, or with the button on the page of its item.',
]
export const forecastTitle = 'Forecast of conflicts'
export const noForecast: EmptyText = [
  'No two open branches touch the same files',
  'As soon as two do, git tries them against each other, and the result is shown here.',
]
export const shareNoFile = 'They share no file'
export const conflictsAmong = (conflicts: number, pairs: number) =>
  conflicts === 0
    ? 'all merge with each other'
    : `${conflicts} of ${counted(pairs, 'pair')} ${conflicts === 1 ? 'conflicts' : 'conflict'}`

// The audit log.
export const auditKinds = {
  '': 'Everything',
  commands: 'Commands of people',
  refused: 'What was refused',
  roadmaps: 'Progress of roadmaps',
  steps: 'Steps of items',
} as const
export const noEntryFits = (filtered: boolean): EmptyText => [
  'No entry matches',
  filtered ? 'Remove a part of the filter.' : 'Every step of every item, and every command, will be written here.',
]
export const auditIsChained = 'Each entry is hashed with the one before it; `tutti audit verify` finds any change.'

// The settings.
export const fileCannotBeUsed = (problem: string) =>
  `The file cannot be used, so the last good settings count: ${problem}`
export const nothingIsSet = (path: string, branch: string) =>
  `Nothing is set: everything has its default. Write \`${path}\` on \`${branch}\` to change that; \`tutti schema\` prints what it may hold.`
export const ofRepository = 'Of this repository'
export const ofInstallation = 'Of this installation'
export const settingsOfRepository = 'Settings of this repository'
export const settingsOfInstallation = 'Settings of this installation'
export const operatorSettingsHidden = "Those who administer the repository see the operator's settings here."
export const fromEnvironment = 'from the environment or `.env`'

// An attempt.
export const stopAgent = 'Stop the agent'
export const stopAndPause = 'Stop the agent now, and pause its item?'
/** What gates left on the commit of a run. */
export const picturesTitle = 'Pictures'
export const noTranscript: EmptyText = [
  'There is no transcript',
  'It was written to no file, or it is older than `KEEP_LOGS_DAYS`.',
]
export const beginningLeftOut = 'The beginning is left out.'
