/** The files of its worktree that an agent is changing, by the locations in its tool calls. */

import { isAbsolute, relative, resolve } from 'node:path'
import type { AgentUpdate } from '../agents/drivers/agent-run.ts'

/** ACP's kinds of tool call that change files. Reading, searching and running need not change any. */
const changing = ['edit', 'delete', 'move']

/** Longer names are not files of a repository. Control characters cannot be stored. */
const plain = /^[^\p{Cc}]{1,400}$/u

/**
 * The files that are being changed, as paths from the root of the worktree. The agent reports them; the commit later has
 * the exact list.
 */
export function editedFiles(update: AgentUpdate, worktree: string): string[] {
  if (update.kind !== 'tool' || update.status === 'failed' || !changing.includes(update.tool)) return []
  return update.paths.flatMap((path) => {
    const inside = relative(worktree, isAbsolute(path) ? path : resolve(worktree, path))
    return inside === '' || inside.startsWith('..') || isAbsolute(inside) || !plain.test(inside) ? [] : [inside]
  })
}
