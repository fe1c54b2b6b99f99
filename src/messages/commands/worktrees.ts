/** Replies of `/cleanup` and `worktrees`. */

import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'

interface ShownWorktree {
  issue: number
  branch: string
  folder: string
  state: string
  use: string
}

export function worktreeList(trees: readonly ShownWorktree[]): string {
  if (trees.length === 0) return 'There is no worktree here.'
  return trees
    .map(({ issue, branch, state, use }) => `- #${issue} (${state}): \`${branch.replaceAll('`', "'")}\`, ${use}`)
    .join('\n')
}

/** @param issues whose worktrees are being removed. */
export function cleanUpText(trees: readonly ShownWorktree[], issues: readonly number[]): string {
  const removed =
    issues.length === 0
      ? 'Nothing is left over.'
      : `Being removed, with their branches: what is left of ${issues.map((issue) => `#${issue}`).join(', ')}. Work that is on no other branch is kept.`
  const others = trees.filter(({ issue }) => !issues.includes(issue))
  return others.length === 0 ? removed : `${removed}\n\nIn use or kept:\n\n${worktreeList(others)}`
}

export const whichIssue: CommandRefusal = ['Which issue is meant?', 'Name it: `{"action": "merge", "issue": 12}`.']
export const noPullRequestYet = (issue: number): CommandRefusal => [
  `#${issue} has no pull request yet, and a branch is merged through its own.`,
  'Wait until the gates have passed.',
]
export const worktreeIsThere = ({ issue, folder }: ShownWorktree): CommandRefusal => [
  `#${issue} has a worktree already: \`${singleLine(folder, 80)}\`.`,
  'Its next attempt goes on in it; `cleanup` removes it once the issue is finished.',
]
export const noWorktreeNow = (issue: number, state: string): CommandRefusal => [
  `#${issue} is ${state}: no attempt starts, so none needs a worktree.`,
  '`/resume` or `/queue` on the issue lets one start.',
]
