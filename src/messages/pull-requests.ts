/** What people read about a pull request of an item: it was opened, pushed to, reviewed, merged or not merged. */

import { singleLine } from '../lib/sanitise.ts'

export const pullRequestClosed = (number: number, login: string) =>
  `Pull request #${number} was closed by ${login} without a merge. \`/retry\` works on the issue again, \`/unqueue\` gives it up.`
export const pullRequestReopened = (number: number, login: string) =>
  `Pull request #${number} was opened again by ${login}; what was approved before no longer counts.`
export const pullRequestRetargeted = (number: number, branch: string) =>
  `Pull request #${number} now goes to \`${singleLine(branch)}\`; what was approved before no longer counts.`
export const reviewRequestsChanges = (number: number, login: string) => `${login} asked for changes in #${number}.`
export const askedMeanwhile = (number: number) => `More was asked in #${number} while the agent worked.`
export const personPushed = (login: string, head: string) =>
  `${login} pushed ${head.slice(0, 7)}; the gates check it, and an approval of an older commit no longer counts.`

export const branchPushedByOthers = (branch: string) =>
  `Another person or program has pushed to \`${branch}\`; their commits were not touched. Say \`/retry\` to build on it, or delete the branch first.`
export const pullRequestRefused = (error: string | null, branch: string) =>
  `GitHub refused the pull request: ${error}. The work is on branch \`${branch}\`. Mend the cause, then say \`/retry\`.`

/** The body of a draft whose gates have not ended. */
export function draftBeforeGates(body: string): string {
  return `> [!NOTE]\n> The gates have not passed on this yet. It is ready for review once they have.\n\n${body}`
}

/** Why a run is asked to stop. */
export const wasMerged = (number: number) => `#${number} was merged`
/** @param requestedBy the person who asked for the merge; undefined when none did. */
export const mergedWith = (number: number, requestedBy: string | undefined) =>
  `Merged in #${number}${requestedBy === undefined ? '' : `, as ${requestedBy} asked`}.`
export const approvedBy = (logins: readonly string[]) => `Approved by ${logins.join(', ')}.`
export const waitsForCheck = (check: string) => `It waits for the check ${check}.`
export const waitsForUnlistedChecks = 'It waits for checks that GitHub has not listed yet.'

/** @param reason a part of a sentence, without a stop: one of those below. */
export const notMerged = (reason: string) => `Not merged: ${reason}.`
export const pullRequestIsClosed = 'the pull request is closed'
export const movedAfterRequest = 'the branch moved after `/merge` was said. Review the new commit'
export const movedAfterChecks = (head: string) =>
  `the branch moved to ${head.slice(0, 7)} after it was checked and approved. Review the new commit`
export const hasAnotherBase = (now: string, before: string) => `it now goes to \`${now}\`, not \`${before}\``
export const changesRequestedBy = (logins: readonly string[]) => `${logins.join(', ')} asked for changes`
export const lacksApprovals = (needed: number, head: string, given: number) =>
  needed === 1
    ? `someone with write access must approve \`${head.slice(0, 7)}\` first`
    : `${needed} people with write access must approve \`${head.slice(0, 7)}\` first, and ${given} ${given === 1 ? 'has' : 'have'}`
export const gatesHaveNotRun = 'the gates have not run on this commit'
export const gateFailed = (gate: string, summary: string) => `the gate ${gate} failed: ${summary}`
export const needsExplicitApproval = (summary: string) =>
  `${summary.replace(/\.$/, '')}. If you have read that, say \`/merge --protected\``

/**
 * How this commit is merged, as code: changes to protected paths need their explicit approval.
 * @param allowed a person has approved them for this commit
 */
export function mergeCommand(gates: readonly { verdict: string }[], allowed = false): string {
  const asks = !allowed && gates.some((gate) => gate.verdict === 'needs-approval')
  return asks ? '`/merge --protected`' : '`/merge`'
}
export const checkFailed = (check: string) => `the check ${check} failed`

/** Why a merged item counts as reverted. @param by a pull request as `#12`, or the id of a commit. */
export const mergeTakenBack = (number: number, by: string) => `The merge of #${number} was reverted by ${named(by)}.`
export const revertTakenBack = (number: number, by: string) =>
  `The revert of #${number} was itself reverted by ${named(by)}.`

function named(by: string): string {
  return by.startsWith('#') ? by : `\`${by.slice(0, 7)}\``
}
