/** An attempt on a branch that is in review starts from the present base branch: merged by git, or with the conflict marked. */

import { conflictHunks } from '../domain/conflict-hunks.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { headRef } from '../git/history.ts'
import { validBranch, validPath } from '../git/names.ts'
import type { Sha } from '../lib/ids.ts'
import { conflictTask } from '../messages/conflicts.ts'
import type { Attempt } from './context.ts'

/** More files than this are named only. */
const mostFiles = 10
/** What is shown of one file, in characters. */
const longestHunks = 6_000
/** A conflicting file that is larger is named only, in bytes. */
const largestFile = 2 ** 20
const mostCommits = 20

/**
 * Merges the base into the worktree of a branch that is on the server. Where both sides changed the same lines, the
 * markers are in the files, and the next commit becomes the merge.
 * @returns what the agent reads about the conflict; '' when there is none.
 */
export async function bringInBase({ context, item, repo }: Attempt, control: BareClone, base: Sha): Promise<string> {
  const branch = validBranch(item.branch)
  if (!(await control.remoteHead(branch))) return ''
  const author = await context.github.author(repo)
  const message = `Merge ${item.baseBranch} into ${branch}\n\nIssue: #${item.issueNumber}`
  const update = await control.updateFromBase({ branch, base, author, message, conflicts: 'mark' })
  const head = await control.resolve(headRef(branch))
  // A tree with unfinished work stays as it is; an earlier attempt may have left the markers in it.
  if (!head || update.kind === 'merged' || update.kind === 'up-to-date') return ''
  const forecast = await control.forecast(head, base)
  if (forecast.clean) return ''
  const { conflicts: paths, tree } = forecast
  const files = []
  for (const path of paths.slice(0, mostFiles)) {
    const marked = tree && (await control.readFile(tree, validPath(path), largestFile).catch(() => undefined))
    files.push({ path, hunks: marked ? conflictHunks(marked, longestHunks) : '' })
  }
  const subjects = async (range: { base: Sha; head: Sha }) =>
    (await control.log(range, mostCommits)).map((one) => `${one.sha.slice(0, 7)} ${one.authorName}: ${one.subject}`)
  return conflictTask({
    base: item.baseBranch,
    files,
    ours: await subjects({ base, head }),
    theirs: await subjects({ base: head, head: base }),
    more: paths.length - files.length,
  })
}
