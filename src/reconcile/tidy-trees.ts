/** Worktrees and rescued work of one bare clone that are no longer needed. */

import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { WorktreeInUse } from '../git/remove-worktree.ts'
import { isLive, type LiveRuns, runOfFolder } from './tidy-files.ts'

/**
 * Removes the checkouts of runs that have ended, and worktrees that no row knows; what those hold goes to a rescue ref.
 * @param known.standing reads the paths of worktrees that rows know.
 */
export async function removeStrayTrees(
  { env, log }: { env: Pick<Env, 'dataDirectory'>; log: Logger },
  control: BareClone,
  known: { live: LiveRuns; standing: () => Promise<ReadonlySet<string>> },
): Promise<string[]> {
  const removed: string[] = []
  const trees = await control.listWorktrees()
  // After the list: a row is stored before its tree is made.
  const [live, standing] = [await known.live(), await known.standing()]
  for (const { path, branch } of trees) {
    const scratch = ['checks', 'plans'].some((folder) => path.startsWith(`${join(env.dataDirectory, folder)}/`))
    const ours = path.startsWith(`${join(env.dataDirectory, 'worktrees')}/`)
    const needed = scratch ? isLive(runOfFolder(path), live) : standing.has(path)
    if (branch === undefined || needed || !(scratch || ours)) continue
    try {
      const { rescued } = await control.removeWorktree({ path, branch }, { discard: scratch })
      if (rescued) log.warn({ path, ref: rescued.ref }, 'a worktree that no item knows was removed; its work is kept')
      removed.push(path)
    } catch (error) {
      if (!(error instanceof WorktreeInUse)) throw error
    }
  }
  return removed
}

/** Gives up rescued work that is older than `before`. */
export async function dropOldRescues(control: BareClone, before: Date): Promise<string[]> {
  const old = (await control.rescues()).filter((rescue) => rescue.at < before)
  for (const rescue of old) await control.dropRescue(rescue)
  return old.map(({ ref, sha }) => `${ref} (${sha})`)
}
