/** Makes the issue of a command an epic, and reads the parts of one. */

import type { DependencyRow } from '../../db/dependencies.ts'
import { becomeEpic, partsOf, resetEpic } from '../../db/epics.ts'
import { runsOf } from '../../db/runs.ts'
import type { EpicFacts } from '../../db/schema/work-items.ts'
import { getItem, type ItemRow } from '../../db/work-items.ts'
import { UserError } from '../../lib/errors.ts'
import { issueIsClosed } from '../../messages/commands/common.ts'
import { epicHasRuns } from '../../messages/commands/roadmap.ts'
import { enqueueIssue } from '../../work-items/enqueue-issue.ts'
import { type CommandContext, theIssue } from '../command.ts'
import { statusSentence } from './status-sentence.ts'

/**
 * Makes the issue an epic that the sender has requested, with its text as it is now.
 * @param change other facts to store about it.
 * @throws {UserError} when it is closed, or an agent has worked on it itself.
 */
export async function mustBeEpic(context: CommandContext, change: Partial<EpicFacts>): Promise<ItemRow> {
  const { tx, repo, settings, item, actor } = context
  const issue = theIssue(context)
  if (issue.state === 'closed') throw new UserError(...issueIsClosed)
  if (item?.state === 'paused') throw new UserError(await statusSentence(context, item))
  const isOver = item === undefined || ['held', 'skipped', 'cancelled', 'done'].includes(item.state)
  const epic = isOver
    ? await enqueueIssue(tx, {
        ...{ repo, settings, issue, actor, epic: true },
        lastRunId: item && (await runsOf(tx.db, item.id)).at(-1)?.id,
      }).then((queued) => queued.item)
    : await becomeEpic(tx, item, actor.login)
  if (!epic) throw new UserError(...epicHasRuns)
  await resetEpic(tx, epic, { actor, issue }, change)
  const now = (await getItem(tx.db, epic.id)) ?? epic
  if (now.state !== 'queued') await tx.enqueue({ queue: 'sync-roadmap', workItemId: epic.id, from: 'issue' })
  return now
}

/** The parts of an epic. One that several sources name is there once. */
export async function partsOnce({ tx }: CommandContext, epic: ItemRow): Promise<DependencyRow[]> {
  const parts = await partsOf(tx.db, epic.id)
  return [...new Map(parts.map((part) => [`${part.repository}#${part.issueNumber}`, part])).values()]
}
