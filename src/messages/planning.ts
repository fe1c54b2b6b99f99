/** What people read while an issue is planned: questions are open, a plan waits for approval or was changed. */

import { counted } from '../lib/counted.ts'
import type { Effort } from '../lib/effort-hours.ts'
import { singleLine } from '../lib/sanitise.ts'

export function questionsAsked(count: number): string {
  return count === 1
    ? 'A question is open before this is planned: it is in a comment of its own.'
    : `${count} questions are open before this is planned: they are in a comment of their own.`
}

/** @param because a reason for an approval, see below. */
export const planWaitsForApproval = (because: string) =>
  `The plan is in a comment of its own. You are asked because ${because}. \`/approve\` goes on, \`/reject\` with the reason has it planned again.`
export const planNeedsNoApproval = 'The plan is small and sure enough to be built without asking.'

/** Why a person must approve a plan: parts of a sentence, without a stop. */
export const becomesSeveralIssues = 'this becomes several issues'
export const isLargeByHours = (hours: number) =>
  `this is large: about ${counted(Math.round(hours * 10) / 10, 'hour')} of an agent`
export const isLargeByLabel = (effort: Effort) => `its effort is called ${effort}, which is large`
export const isLargeByPaths = (paths: number) =>
  `this is large: it touches ${counted(paths, 'file or folder', 'files or folders')}`
export const settingsRequireApproval = 'the settings ask for the approval of every plan'
export const riskIsHigh = 'the risk is high'
export const confidenceIsLow = (confidence: number) => `the agent is only ${Math.round(confidence * 100)} % sure`

/** The breakdown was approved. @param missing issues that do not exist yet. */
export function breakdownApproved(missing: number): string {
  const being = missing === 1 ? 'one issue is being made of it' : `${missing} issues are being made of it`
  return `The breakdown is approved: ${being}.`
}
export const issuesNotCreated = (failed: number, all: number, error: string | null) =>
  `${failed} of ${all} issues could not be made: ${singleLine(error ?? 'GitHub refused it')}. Mend that, then \`/retry\` makes them; those that are there stay.`

/** The text of the issue was edited, so the plan is void. */
export const planVoid = (login: string) =>
  `${login} edited this issue after the plan was made, so the plan needs approval again: \`/approve\` keeps to the plan and the old text, \`/plan\` has the new text planned.`

/** A person edited the comment that shows the plan. */
export const planRewritten = (login: string) =>
  `${login} rewrote the plan in its comment; it counts as it stands there.`
export const breakdownRewritten = (login: string) =>
  `${login} edited the breakdown's comment, but issues are made of what the agent handed in. \`/reject\` and what should be different has it made again.`
export const planRewrittenLate = (login: string) =>
  `${login} edited the plan's comment, but it is too late for that: the plan was taken up or replaced before. \`/status\` says where this stands.`
export const planEmpty = (login: string) =>
  `${login} left nothing of the plan in its comment; the plan counts as it was. \`/reject\` with the reason has it planned again.`
