/** The worktree of an attempt: its branch, its place, and its row. */

import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Settings } from '../config/settings.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { worktrees } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { headRef } from '../git/history.ts'
import { validBranch } from '../git/names.ts'
import type { Worktree } from '../git/worktree-records.ts'
import type { Sha } from '../lib/ids.ts'
import type { Attempt } from './context.ts'

/** Makes the worktree of an attempt, or finds it, and stores its row first: cleanup must find it whatever happens next. */
export async function prepareWorktree(
  one: Attempt,
  control: BareClone,
  settings: Settings,
  base: Sha,
): Promise<Worktree> {
  const { context, run, repo } = one
  const path = join(context.env.dataDirectory, 'worktrees', repo.fullName.replace('/', '__'), one.item.module)
  const kept = await followPrefix(one, control, settings, path)
  const branch = validBranch(one.item.branch)
  const row = { path, branch, baseSha: base, removedAt: null }
  await context.store.db
    .insert(worktrees)
    .values({ workItemId: one.item.id, ...row })
    .onConflictDoUpdate({ target: worktrees.workItemId, set: row })
  // What is on the server is the start: a person may have added commits to the pull request.
  const [mine, theirs] = [await control.resolve(headRef(branch)), await control.remoteHead(branch)]
  const behind = theirs && mine && mine !== theirs && !(await control.isAncestor(theirs, mine))
  if (run.cleanWorktree || behind) await control.removeWorktree({ path, branch })
  const worktree = await control.addWorktree({ path, branch, base: theirs ?? kept ?? base })
  // People review a round against the base of today. What conflicts, or is not committed yet, stays as it is.
  if (theirs) await control.updateFromBase({ branch, base, author: await context.github.author(repo) })
  return worktree
}

/**
 * A branch that never left this machine takes the name that `branches.prefix` asks for now: its old name may be the
 * reason why it could not leave.
 * @returns the commit that the new branch starts from, when it was renamed and held work
 */
async function followPrefix(
  one: Attempt,
  control: BareClone,
  settings: Settings,
  path: string,
): Promise<Sha | undefined> {
  const { db } = one.context.store
  const [before, wanted] = [validBranch(one.item.branch), validBranch(`${settings.branches.prefix}${one.item.module}`)]
  if (wanted === before || (await control.remoteHead(before)) || (await pullOfItem(db, one.item.id))) return undefined
  const work = await control.resolve(headRef(before))
  await control.removeWorktree({ path, branch: before })
  const [row] = await db.update(workItems).set({ branch: wanted }).where(eq(workItems.id, one.item.id)).returning()
  if (row) one.item = row
  return work
}
