/** Sentences of the page of an item in the dashboard. In backticks: code. */

import type { EmptyText } from './dashboard.ts'

export const whyTitle = 'Why it is in this state'
export const itWaitsFor = 'It waits for'
export const noDecisionYet = 'The scheduler has decided nothing about it yet.'
export const askedForBy = (login: string) => `asked for by ${login}`
export const textTitle = 'The issue as it was queued'
export const showText = 'Show the text'
export const issueNotQueued = (number: number, label: string): EmptyText => [
  `Issue #${number} is not queued`,
  `Put the label \`${label}\` on it, or queue it here.`,
]

// Facts.
export const priorityText = (priority: number) => (priority === 0 ? '0, the most urgent' : String(priority))
export const costSoFar = 'Cost so far'
export const wayOfWorking = 'Way of working'

// The plan.
export const askedInRound = (round: number) => `Asked in round ${round}`
export const notAnswered = 'Not answered yet.'
export const answeredBy = (login: string | null) => `${login ?? 'A person'} answered:`
export const planVersion = (version: number, percent: number) => `version ${version}, ${percent} % sure`

// Gates and attempts.
export const nothingJudged: EmptyText = [
  'Nothing was judged yet',
  'Gates judge the commit of an agent as soon as it is done. A command that must pass is a gate, in `.github/tutti.yml`.',
]
export const noAgentTried: EmptyText = [
  'No agent has tried yet',
  'The scheduler starts one when nothing stands in the way.',
]
export const personPushedHere = 'A person pushed'
export const gitUpdatedBranch = 'Git updated the branch'

/** The buttons of longer names, and what is asked before they act. */
export const buttons = {
  title: 'What you can do',
  giveUpConfirm: 'Give this item up? Its agent is stopped, and the work is cancelled.',
  skipConfirm: 'Leave this item out? What waits for it goes on.',
  retryHow: 'What to do differently (optional)',
  approve: 'Approve the plan',
  approveAlso: 'To add to the plan (optional)',
  reject: 'Ask for another plan',
  rejectWhy: 'What is wrong with the plan',
  mergeConfirm: 'Merge this pull request, at the commit that was approved?',
  hold: 'Hold back from merging',
  unhold: 'Let it merge again',
} as const

/** A decision as it reads now: an item that was started does not start any more. */
export function decisionNow(explanation: string, state: string): string {
  const because = /^\S+ starts now: (.*)$/s.exec(explanation)?.[1]
  return because && state !== 'ready' ? `It was last started because ${because}` : explanation
}
