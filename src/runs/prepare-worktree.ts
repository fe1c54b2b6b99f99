/** The worktree of an attempt: its branch, its place, and its row. */

import { join } from 'node:path'
import { eq } from 'drizzle-orm'
import type { Settings } from '../config/settings.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { buildsOf, runsOf } from '../db/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import {
  currentWorktree,
  isAt,
  markWorktreeLeft,
  standingWorktrees,
  takeWorktree,
  type WorktreeRow,
} from '../db/worktrees.ts'
import { isComparing } from '../domain/best-of.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { headRef } from '../git/history.ts'
import { validBranch } from '../git/names.ts'
import type { ReadyWorktree } from '../git/worktrees.ts'
import type { Sha } from '../lib/ids.ts'
import { worktreeRemoved } from '../work-items/worktree-removed.ts'
import type { Attempt } from './context.ts'
import { endAgentsOf, leave, mayBeInUse, removeLeftWorktrees } from './left-worktrees.ts'

/**
 * Makes the worktree of an attempt, or finds it, and stores its row first: cleanup must find it whatever happens next.
 * Where the agent of an earlier attempt may still write to the old one, that one is left, and this attempt gets its own.
 */
export async function prepareWorktree(
  one: Attempt,
  control: BareClone,
  settings: Settings,
  base: Sha,
): Promise<ReadyWorktree> {
  const { context, run } = one
  const { db } = context.store
  let known = await currentWorktree(db, one.item.id)
  const moved = known && !isAt(known, context.place)
  if (known && moved) {
    await leaveElsewhere(one, known)
    known = undefined
  } else if (known && (await mayBeInUse(context, known, run.id))) {
    await leave(context, control, known)
    known = undefined
  }
  const path = known?.path ?? (await newPlace(one, control))
  const kept = await followPrefix(one, control, settings, path)
  const branch = validBranch(one.item.branch)
  let row = await takeWorktree(db, known, {
    ...{ workItemId: one.item.id, path, branch, baseSha: base, runId: run.id },
    place: context.place,
  })
  // What is on the server is the start: a person may have added commits to the pull request.
  const [mine, theirs] = [await control.resolve(headRef(branch)), await control.remoteHead(branch)]
  const behind = theirs && mine && mine !== theirs && !(await control.isAncestor(theirs, mine))
  if (run.cleanWorktree || behind) row = await startClean(one, control, row)
  const carried = moved && !run.cleanWorktree ? await carriedOver(one, control, theirs) : undefined
  const tree = await control.addWorktree({ path, branch, base: carried ?? theirs ?? kept ?? base })
  if (tree.rescued) await noteRescue(one, row, tree.rescued.ref)
  return tree
}

/**
 * The tree of the attempt before is on a disk that this process cannot read. It is left to the processes there, which keep
 * what is in it. A still older tree of this item here is out of date, and is removed first.
 */
async function leaveElsewhere({ context, item }: Attempt, row: WorktreeRow): Promise<void> {
  await markWorktreeLeft(context.store.db, row.id)
  context.log.info(
    { issue: item.issueNumber, run: row.runId },
    'the worktree of this issue is on another disk: it goes on in a new one',
  )
  await removeLeftWorktrees(context, item.id)
}

/** The last commit of an agent that was handed over, unless the server has something newer. */
async function carriedOver(one: Attempt, control: BareClone, theirs: Sha | undefined): Promise<Sha | undefined> {
  const builds = await buildsOf(one.context.store.db, one.item.id)
  // What another kind has made is none of this one's work.
  const last = builds.findLast(
    ({ headSha, agent }) => headSha !== null && (!isComparing(one.item.bestOf) || agent === one.run.agent),
  )
  const head = last?.headSha ? await control.resolve(last.headSha) : undefined
  if (!head || (theirs && !(await control.isAncestor(theirs, head)))) return undefined
  return head
}

/** Ends the agents of earlier attempts of an item whose runner was lost: at most one works on it. */
export async function endLostAgents({ context, item, run }: Attempt): Promise<void> {
  const earlier = (await runsOf(context.store.db, item.id)).filter(
    (past) => past.id !== run.id && past.outcome === 'runner lost',
  )
  if (!(await endAgentsOf(context.env, earlier)))
    context.log.error({ run: run.id }, 'processes of an earlier attempt could not be ended')
}

/**
 * Where a new worktree goes: by the id of the repository, since names change hands. A branch that has a tree already
 * keeps it, wherever an older version has put it.
 */
async function newPlace({ context, item, repo, run }: Attempt, control: BareClone): Promise<string> {
  const recorded = (await control.listWorktrees()).find(
    ({ branch, state }) => branch === item.branch && state === 'ready',
  )
  if (recorded) return recorded.path
  const path = join(context.env.dataDirectory, 'worktrees', String(repo.githubId), item.module)
  const taken = (await standingWorktrees(context.store.db, context.place, item.id)).some((other) => other.path === path)
  return taken ? `${path}~${run.id}` : path
}

/** Removes what is there. Work that exists nowhere else is kept, and its place is stored with the old row. */
async function startClean(one: Attempt, control: BareClone, row: WorktreeRow): Promise<WorktreeRow> {
  const { path, branch } = row
  const { rescued } = await control.removeWorktree({ path, branch: validBranch(branch) })
  return rescued ? noteRescue(one, row, rescued.ref) : row
}

/** The old row says where its work was kept; the tree that takes its place has a row of its own. */
async function noteRescue({ context, run }: Attempt, row: WorktreeRow, ref: string): Promise<WorktreeRow> {
  await worktreeRemoved(context.store, row, ref)
  const { workItemId, path, branch, baseSha, place } = row
  return takeWorktree(context.store.db, undefined, { workItemId, path, branch, baseSha, runId: run.id, place })
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
