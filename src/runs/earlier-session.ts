/**
 * Going on with the session of the attempt before: its agent still knows what it has read and tried. Its home is kept for
 * that, one for an item, until the item is over.
 */

import type { AgentKind } from '../agents/agent.ts'
import { isSoundHome, keepHome } from '../agents/drivers/keep-home.ts'
import { buildsOf, giveUpSession, isBuild, LeaseLost, type RunRow, updateRun } from '../db/runs.ts'
import { type ReportedUsage, usedInSession } from '../db/usage.ts'
import { isAgentRun } from '../domain/run-author.ts'
import { removeFolder } from '../git/files.ts'
import type { ReadyWorktree } from '../git/worktrees.ts'
import { homeOf } from './boxes.ts'
import type { Attempt } from './context.ts'
import type { FailedAttempt } from './retry-policy.ts'

/** A session that this attempt goes on with. */
export interface KnownSession {
  id: string
  /** What the earlier runs in it have used together. */
  used: ReportedUsage
}

/**
 * The ends after which a session is sound. After others it may be the reason for the end: a context that is full, a program
 * that hangs.
 */
const soundEnds: ReadonlySet<FailedAttempt | 'asked'> = new Set([
  ...(['finished', 'asked', 'gates failed', 'no change', 'unsafe change', 'stopped', 'runner lost'] as const),
  ...(['rate limited', 'provider outage', 'out of credit', 'out of time', 'unfinished turn'] as const),
  ...(['over its spend limit', 'over the limit of a day', 'gate broken', 'set-up failed', 'workspace failed'] as const),
])

/**
 * The session that an attempt to build goes on with: that of the attempt right before, by the same kind of agent, in the same
 * tree. Where it is none of that, the session is given up and its home is removed by the next tidying.
 * @param tree the worktree of this attempt, as it was found.
 */
export async function sessionBefore(
  attempt: Attempt,
  kind: AgentKind,
  tree: Pick<ReadyWorktree, 'outcome' | 'rescued'>,
): Promise<KnownSession | undefined> {
  const { context, lease, item } = attempt
  const { db } = context.store
  const before = (await buildsOf(db, item.id)).filter((past) => past.id < attempt.run.id)
  const kept = before.findLast(({ sessionId }) => sessionId !== '')
  if (!kept) return undefined
  const isLast = before.findLast(isAgentRun)?.id === kept.id
  const sameTree = tree.outcome === 'reused' && tree.rescued === undefined
  const home = homeOf(context.env.dataDirectory, kept)
  if (!isLast || !sameTree || !mayGoOn(kept, attempt.run) || !isSoundHome(kind, home)) {
    await giveUpSession(db, item.id)
    return undefined
  }
  attempt.run = await updateRun(db, lease, { homeRunId: kept.homeRunId ?? kept.id })
  return { id: kept.sessionId, used: await usedInSession(db, item.id, kept.sessionId) }
}

/** Whether a run may go on with the session of another one. Pure. */
export function mayGoOn(
  kept: Pick<RunRow, 'agent' | 'outcome'>,
  run: Pick<RunRow, 'agent' | 'cleanWorktree'>,
): boolean {
  return kept.agent === run.agent && !run.cleanWorktree && soundEnds.has(kept.outcome as FailedAttempt)
}

/**
 * Keeps the home of a run that has ended, without the logins in it, where the next attempt can go on with its session; else
 * removes it: it may hold what the agent logged in with, and tens of megabytes of its own.
 * @param sessionId of the session that a later run can go on with; undefined where there is none.
 */
export async function leaveHome(
  { context, lease, run }: Attempt,
  { kind, home, sessionId }: { kind: AgentKind; home: string; sessionId: string | undefined },
): Promise<void> {
  try {
    if (sessionId !== undefined && isBuild(run) && keepHome(kind, home)) {
      await updateRun(context.store.db, lease, { sessionId })
      return
    }
  } catch (err) {
    if (!(err instanceof LeaseLost)) context.log.warn({ err, run: run.id }, 'the session of a run was not kept')
  }
  await removeFolder(home).catch((err) => context.log.warn({ err, run: run.id }, 'a home could not be removed'))
}
