/** What people read about a merge that waits, that GitHub has refused, or that goes another way than usual. */

import type { MergeMethod, MergeRefusal } from '../domain/merge-refusal.ts'

export const waitsForDraft = 'It waits: the pull request is a draft. Mark it as ready for review.'
/** @param what `lacksApprovals` of pull-requests.ts. */
export const waitsForApproval = (what: string) => `It waits: ${what}.`

/** @param words GitHub's own, sanitised. */
export const githubWaits = (words: string) => `GitHub does not merge it yet: “${words}”.`
export const noMethodAllowed =
  'Not merged: this repository allows no way of merging pull requests. Allow one in its settings, then say `/merge`.'
export const usesMethod = (used: MergeMethod, wanted: MergeMethod) =>
  used === wanted ? '' : ` It is merged by ${used}, since ${wanted} is not allowed here.`
export const baseMovedMeanwhile = 'The base branch has just moved. The merge is tried once more.'
export const reviewWithdrawn = 'Something has changed since the merge was decided. It is checked again.'

/** What GitHub has refused for good, and the command that goes on. */
export function mergeRefused({ kind, words }: MergeRefusal): string {
  if (kind === 'moved') return 'Not merged: the branch moved after the approval. Review the new commit.'
  return `Not merged. GitHub says: “${words}”. Mend the cause, then say \`/merge\`.`
}
