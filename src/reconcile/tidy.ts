/**
 * Removes from the data directory what is no longer needed, at every start and every TIDY_MINUTES: what a crash left, and
 * what is old. Work that is on no branch of the server is never deleted with its tree; it goes to a rescue ref.
 */

import { statfs } from 'node:fs/promises'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { everyRepository, itemsToCleanUp, liveRunEpochs, neededHomes, standingPaths } from '../db/disk-rows.ts'
import { livingProcesses } from '../db/processes.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { unfinishedItemsOf } from '../db/work-items.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { BareClones } from '../git/bare-clones.ts'
import { currentTime, machineAheadMs } from '../lib/clock.ts'
import { counted } from '../lib/counted.ts'
import { removeLeftWorktrees } from '../runs/left-worktrees.ts'
import { type LiveRuns, removeHomes, removeLogs, removeStrayFolders } from './tidy-files.ts'
import { dropOldRescues, removeStrayTrees } from './tidy-trees.ts'

export interface TidyContext {
  store: Store
  env: Env
  log: Logger
  /** The id of this process. */
  instance: string
  /** Whose disk is at hand; see `db/places.ts`. */
  place: string
  control(repo: RepositoryRow): Promise<BareClone>
  clones: Pick<BareClones<RepositoryRow>, 'has' | 'remove'>
}

const dayMs = 24 * 3_600_000
/** For so long the home of a session waits for the next attempt, such as one after a review. */
const sessionDays = 7

/**
 * Tidies once.
 * @param now for the ages of what is kept for some days.
 * @returns what was removed, for the log. A step that fails is logged, and the others are done.
 */
export async function tidy(context: TidyContext, now = currentTime()): Promise<string[]> {
  const { store, env, log } = context
  const removed: string[] = []
  const step = (what: string, work: () => Promise<readonly string[]>) =>
    work().then(
      (names) => void removed.push(...names),
      (err) => log.warn({ err }, `${what} could not be tidied; they are tried again`),
    )
  const scarce = await isScarce(env, log)
  const live: LiveRuns = () => liveRunEpochs(store.db)
  const root = env.dataDirectory
  await step('worktrees', async () => {
    await removeLeftWorktrees(context)
    for (const workItemId of await itemsToCleanUp(store.db, context.place))
      await store.queues.send({ queue: 'clean-up', workItemId })
    return []
  })
  // On a full disk no session is worth its home.
  const since = scarce ? now : new Date(now.getTime() - sessionDays * dayMs)
  await step('homes', () => removeHomes(root, () => neededHomes(store.db, since)))
  const logsFrom = now.getTime() + machineAheadMs() - (scarce ? 1 : env.KEEP_LOGS_DAYS) * dayMs
  await step('logs', () => removeLogs(root, live, new Date(logsFrom)))
  for (const repo of await everyRepository(store.db))
    await step(`the clone of ${repo.fullName}`, () => tidyClone(context, repo, { live, scarce, now }))
  await step('checkouts', () => removeStrayFolders(root, live))
  if (removed.length > 0) log.info({ removed }, `${counted(removed.length, 'thing')} no longer needed: removed`)
  return removed
}

/** Whether the disk is so full that age alone is no measure. */
async function isScarce(env: Env, log: Logger): Promise<boolean> {
  const { bavail, blocks } = await statfs(env.dataDirectory)
  const percent = blocks > 0 ? (bavail / blocks) * 100 : 100
  if (percent >= env.MIN_FREE_DISK_PERCENT) return false
  log.warn({ free: `${percent.toFixed(1)} %` }, 'the disk of the data directory is nearly full')
  return true
}

async function tidyClone(
  context: TidyContext,
  repo: RepositoryRow,
  { live, scarce, now }: { live: LiveRuns; scarce: boolean; now: Date },
): Promise<string[]> {
  const { store, env, clones } = context
  if (!(await clones.has(repo))) return []
  const control = await context.control(repo)
  const removed = await removeStrayTrees(context, control, {
    live,
    standing: () => standingPaths(store.db, context.place),
  })
  const kept = new Date(now.getTime() - env.KEEP_RESCUED_DAYS * dayMs)
  removed.push(...(await dropOldRescues(control, kept)))
  const unused = await unusedFor(context, repo, control, now)
  if (unused !== undefined && (scarce || unused > env.KEEP_CLONES_DAYS)) {
    await clones.remove(repo)
    return [...removed, `the clone of ${repo.fullName}, unused for ${Math.floor(unused)} days`]
  }
  if (unused !== undefined) await control.dropSpares()
  await control.compact()
  return removed
}

/** For how many days a clone was not used that can be made again; undefined where it must stay. */
async function unusedFor(
  { store, env, instance }: TidyContext,
  repo: RepositoryRow,
  control: BareClone,
  now: Date,
): Promise<number | undefined> {
  // Another process that shares the directory may have it open.
  const others = await livingProcesses(store.db, instance, env.HEARTBEAT_TIMEOUT_SECONDS * 1_000)
  if (others.length > 0 || (await unfinishedItemsOf(store.db, repo.id)).length > 0) return undefined
  const since = await control.unusedSince()
  return since && (now.getTime() + machineAheadMs() - since.getTime()) / dayMs
}
