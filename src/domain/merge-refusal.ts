/** What GitHub says when it does not merge a pull request, and what follows. Pure. */

import { singleLine } from '../lib/sanitise.ts'

export type MergeMethod = 'squash' | 'merge' | 'rebase'

/**
 * Why GitHub has refused. `moved`: the head is another commit. `base-moved`: another merge was faster. `method`: this way
 * of merging is not allowed. `queue`: the branch takes merges through GitHub's own merge queue only.
 */
export type MergeRefusalKind =
  | 'moved'
  | 'base-moved'
  | 'method'
  | 'queue'
  | 'behind'
  | 'draft'
  | 'checks'
  | 'approvals'
  | 'conversations'
  | 'conflict'
  | 'other'

export interface MergeRefusal {
  kind: MergeRefusalKind
  /** GitHub's own message on one line, harmless in a comment. */
  words: string
}

/** Distinguished by GitHub's words: the status is 405 for nearly all of them. The first that fits counts. */
const kinds: readonly (readonly [MergeRefusalKind, RegExp])[] = [
  ['moved', /head branch was modified|head sha|^409/i],
  ['base-moved', /base branch was modified/i],
  ['method', /not allowed on this repository|merge method|must not contain merge commits/i],
  ['queue', /merge queue/i],
  ['behind', /out[ -]of[ -]date|not up[ -]to[ -]date|is behind/i],
  ['draft', /draft/i],
  ['conversations', /conversation/i],
  ['checks', /status check|check runs?|required (?:check|workflow|deployment)|code scanning|is expected|are expected/i],
  ['approvals', /approv|review is required|reviews are required|code ?owner|changes must be addressed/i],
  ['conflict', /merge conflict|not mergeable/i],
]

/** Those that a later event mends: the request to merge waits for it. */
const waiting: readonly MergeRefusalKind[] = ['draft', 'checks', 'approvals', 'conversations']

/** Longest part of GitHub's message that is quoted, in characters. */
const longestWords = 300

/** Reads the error of the request to merge: `405 <message> - <link>`, as Octokit writes it. */
export function readMergeRefusal(error: string): MergeRefusal {
  const kind = kinds.find(([, pattern]) => pattern.test(error))?.[0] ?? 'other'
  const message = error.replace(/^\d{3}\s+/, '').replace(/\s+-\s+https?:\/\/\S+\s*$/, '')
  return { kind, words: singleLine(message.replace(/\s+/g, ' '), longestWords) }
}

/** Whether waiting helps: a check, an approval, the end of a draft or of a conversation can still come. */
export function canStillCome(kind: MergeRefusalKind): boolean {
  return waiting.includes(kind)
}

/** What people expect most comes first. */
const preferred: readonly MergeMethod[] = ['squash', 'merge', 'rebase']

/**
 * The way to merge: the wanted one where it is allowed, else one that is.
 * @param allowed null: unknown, and GitHub will say so.
 * @returns undefined when none is allowed.
 */
export function chooseMethod(wanted: MergeMethod, allowed: readonly MergeMethod[] | null): MergeMethod | undefined {
  if (allowed === null || allowed.includes(wanted)) return wanted
  return preferred.find((method) => allowed.includes(method))
}
