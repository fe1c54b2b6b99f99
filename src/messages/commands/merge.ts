/** Replies of `/merge`. */

import { singleLine } from '../../lib/sanitise.ts'
import { commitName } from '../gates.ts'
import type { CommandRefusal } from './common.ts'
import { typed } from './typed.ts'

/** @param status '' when there is no item. */
export const noPullRequestToMerge = (status: string): CommandRefusal => [
  'There is no pull request to merge here.',
  status,
]
export const notOurPullRequest = (pull: number): CommandRefusal => [
  `#${pull} is not one of my pull requests.`,
  'Merge it with the button of GitHub.',
]
/** @param pull the one that holds the work. */
export const anotherPullRequest = (pull: number): CommandRefusal => [
  'This is not the pull request that I opened from this branch.',
  `Say it on #${pull}.`,
]
export const mergedAlready = (pull: number) => `#${pull} is merged already.`
export const closedCannotBeMerged = (pull: number): CommandRefusal => [`#${pull} is closed.`, 'Open it again first.']
export const cannotBeMergedNow = (pull: number, status: string): CommandRefusal => [
  `#${pull} cannot be merged now. ${status}`,
]
export const notJudgedYet = (head: string): CommandRefusal => [
  `Not merged: the gates have not judged ${commitName(head)}.`,
]
export const gateHasFailed = (gate: string, head: string, summary: string): CommandRefusal => [
  `Not merged: the gate ${gate} failed on ${commitName(head)}: ${singleLine(summary)}`,
]
export const needsProtected = (head: string, summary: string, prefix: string): CommandRefusal => [
  `Not merged: ${commitName(head)} changes protected paths. ${summary}`,
  `Look at them and approve it, then say ${typed(prefix, 'merge --protected')}.`,
]
/** @param allowing what `--protected` allows; undefined when nothing needed it. */
export function mergeRequested(pull: number, head: string, again: boolean, allowing: string | undefined): string {
  const allowed = allowing ? ` Allowed with it: ${allowing}` : ''
  return `${again ? 'Already asked for. ' : ''}I merge #${pull} at ${commitName(head)} once it is approved and green.${allowed}`
}
