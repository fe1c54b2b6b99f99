/** What is left over of finished items. */

import { itemOfIssue } from '../../db/work-items.ts'
import { type WorktreeView, worktreesOf } from '../../views/worktrees.ts'
import type { CommandContext } from '../command.ts'

/**
 * Has branches and worktrees of finished items removed. Their jobs keep work that exists nowhere else, and leave what an
 * agent may still write to.
 * @returns all worktrees that are there, and the issues whose own are being removed.
 */
export async function cleanUpNow({ tx, repo }: CommandContext): Promise<{ all: WorktreeView[]; issues: number[] }> {
  const all = await worktreesOf(tx.db, repo.id)
  const issues = [...new Set(all.filter(({ use }) => use === 'leftover').map(({ issue }) => issue))]
  for (const issue of issues) {
    const item = await itemOfIssue(tx.db, repo.id, issue)
    if (item) await tx.enqueue({ queue: 'clean-up', workItemId: item.id })
  }
  return { all, issues }
}
