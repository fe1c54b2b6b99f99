/** Which files of its worktree an agent says it is changing, from the places that its tool calls name. */

import { isAbsolute, relative, resolve } from 'node:path'
import type { AgentUpdate } from '../agents/drivers/agent-run.ts'

/** ACP's kinds of tool call that change files; reading, searching and running say nothing certain. */
const changing = ['edit', 'delete', 'move']

/** Longer names are no files of a repository, and control characters cannot be stored. */
const plain = /^[^\p{Cc}]{1,400}$/u

/**
 * The files that an update says are being changed, as paths from the root of the worktree. Only what the agent says:
 * the commit tells exactly, later.
 */
export function editedFiles(update: AgentUpdate, worktree: string): string[] {
  if (update.kind !== 'tool' || update.status === 'failed' || !changing.includes(update.tool)) return []
  return update.paths.flatMap((path) => {
    const inside = relative(worktree, isAbsolute(path) ? path : resolve(worktree, path))
    return inside === '' || inside.startsWith('..') || isAbsolute(inside) || !plain.test(inside) ? [] : [inside]
  })
}
