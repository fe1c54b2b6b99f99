/**
 * Keeping GitHub up to date about a work item: its status comment, its state label, and the roadmaps it is a part of.
 */

import { and, desc, eq, notInArray } from 'drizzle-orm'
import type { EffectOf } from '../domain/effects.ts'
import { lifecycle, terminalStates } from '../domain/lifecycle.ts'
import { currentMs } from '../lib/clock.ts'
import type { ItemState } from '../lib/item-state.ts'
import type { RoadmapAbove } from './announcements.ts'
import type { Tx } from './connect.ts'
import { enqueueEffect } from './outbox.ts'
import type { RepositoryRow } from './repositories.ts'
import { effects } from './schema/effects.ts'
import { repositories } from './schema/repositories.ts'
import { dependencies, workItems } from './schema/work-items.ts'

/** A row of `work_items`. Not imported from `work-items.ts`, which imports this file. */
type ItemRow = typeof workItems.$inferSelect

/** The first comment waits a second, so that it can include the result of the request. */
const soonMs = 1_000
/** A step that no person waits for is shown after this long: every edit is a write to GitHub. */
const laterMs = 120_000
/** The comment says that an agent works on the item once the agent has worked for this long. */
const activeMs = 10_000
/** A roadmap shows a step that people care about after this long: several of its parts may change at once. */
const roadmapMs = 10_000
/**
 * Callbacks of `Tx.beforeCommit` run in the order of this number. It puts epics before the audit log of any repository.
 */
const beforeAuditLogs = 1e12

/**
 * Requests an edit of an item's status comment. Requests until then become one edit.
 * @param options.asked it answers a person, who waits for it.
 */
export async function requestStatusComment(
  tx: Tx,
  item: ItemRow,
  when: 'now' | 'soon' | 'later' | Date,
  options: { asked?: boolean } = {},
): Promise<void> {
  // A roadmap queues hundreds of items: a comment on each, saying that it waits, would use up an hour of writes.
  if (item.muted) return
  const delays = { now: 0, soon: soonMs, later: laterMs }
  const after = when instanceof Date ? when : new Date(currentMs() + delays[when])
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: `status:${item.id}` },
    { kind: 'status-comment', payload: { issueNumber: item.issueNumber } },
    { after: when === 'now' ? undefined : after, again: true, asked: options.asked },
  )
  const onPull = await pullRequestCommentOf(tx, item.id)
  if (onPull) await requestPullRequestComment(tx, item, onPull, { after })
}

/** Says something to people in the status comment of an item. @param options.asked somebody waits for it. */
export async function replyOnItem(
  tx: Tx,
  item: ItemRow,
  reply: string,
  options: { asked?: boolean } = {},
): Promise<void> {
  await tx.db.update(workItems).set({ reply }).where(eq(workItems.id, item.id))
  await requestStatusComment(tx, item, 'now', options)
}

/** The number of the pull request whose status comment is wanted or there; undefined when there is none. */
async function pullRequestCommentOf(tx: Tx, workItemId: number): Promise<number | undefined> {
  const [row] = await tx.db
    .select({ payload: effects.payload })
    .from(effects)
    .where(and(eq(effects.workItemId, workItemId), eq(effects.kind, 'pull-request-comment')))
    .orderBy(desc(effects.id))
    .limit(1)
  return row && (row.payload as EffectOf<'pull-request-comment'>['payload']).issueNumber
}

/**
 * Requests the status comment of a pull request. Its body says what there is to say at first; the comment comes with the
 * first answer or the first change, and is edited from then on whenever that of the issue is.
 * @param number of the pull request. @param options.after not before this time. @param options.asked it answers a person.
 */
export async function requestPullRequestComment(
  tx: Tx,
  item: Pick<ItemRow, 'id' | 'repositoryId'>,
  number: number,
  { after, asked }: { after: Date; asked?: boolean },
): Promise<void> {
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: `pull-status:${item.id}:${number}` },
    { kind: 'pull-request-comment', payload: { issueNumber: number } },
    { after, again: true, asked },
  )
}

/** When a change of state that people on the pull request must hear of is shown there. */
export const pullRequestCommentDelayMs = soonMs

/** When the status comment shows that an item has entered a state. */
export function commentTimeFor(state: ItemState): 'now' | 'later' | Date {
  if (lifecycle[state].actor === 'a person' || terminalStates.includes(state)) return 'now'
  return state === 'running' || state === 'planning' ? new Date(currentMs() + activeMs) : 'later'
}

/** Requests an edit of the status comment of every unfinished epic above an item. @returns these epics. */
export async function requestRoadmapComments(tx: Tx, repo: RepositoryRow, item: ItemRow): Promise<RoadmapAbove[]> {
  const matters = lifecycle[item.state].actor === 'a person' || terminalStates.includes(item.state)
  const when = matters ? new Date(currentMs() + roadmapMs) : 'later'
  const visited = new Set([item.id])
  const above: RoadmapAbove[] = []
  let parts: { repository: string; issueNumber: number }[] = [
    { repository: repo.fullName.toLowerCase(), issueNumber: item.issueNumber },
  ]
  while (parts.length > 0) {
    const parents: typeof parts = []
    for (const part of parts) {
      for (const { epic, repository } of await unfinishedEpicsContaining(tx, part)) {
        if (visited.has(epic.id)) continue
        visited.add(epic.id)
        // Many parts share a roadmap: its row is locked late, and in one order, before the rows of the audit logs.
        tx.beforeCommit(epic.id - beforeAuditLogs, () => requestStatusComment(tx, epic, when))
        above.push({ epic, repository })
        parents.push({ repository: repository.toLowerCase(), issueNumber: epic.issueNumber })
      }
    }
    parts = parents
  }
  return above
}

async function unfinishedEpicsContaining(tx: Tx, part: { repository: string; issueNumber: number }) {
  return tx.db
    .select({ epic: workItems, repository: repositories.fullName })
    .from(dependencies)
    .innerJoin(workItems, eq(dependencies.dependentId, workItems.id))
    .innerJoin(repositories, eq(workItems.repositoryId, repositories.id))
    .where(
      and(
        eq(dependencies.repository, part.repository),
        eq(dependencies.issueNumber, part.issueNumber),
        eq(workItems.kind, 'epic'),
        notInArray(workItems.state, [...terminalStates]),
      ),
    )
}

/** Updates the state label of an issue, for the states that the settings show as labels. */
export async function updateStateLabel(
  tx: Tx,
  item: ItemRow,
  from: ItemState,
  repo: RepositoryRow | undefined,
): Promise<void> {
  const projected: readonly string[] = repo?.settings?.labels.project ?? ['held']
  const labelOf = (state: ItemState) => (projected.includes(state) ? `tutti:${state}` : null)
  if (labelOf(from) === labelOf(item.state)) return
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: `label:${item.id}` },
    { kind: 'state-label', payload: { issueNumber: item.issueNumber, label: labelOf(item.state) } },
  )
}
