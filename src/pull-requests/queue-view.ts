/** Reads a merge queue: who waits, what was tested, what has merged. */

import type { Store } from '../db/connect.ts'
import { openDependencies } from '../db/dependencies.ts'
import { openFootprints } from '../db/footprints.ts'
import { type BatchRow, batchesOf, leaveQueue, mergingNow, type QueueOf, queued } from '../db/merge-queue.ts'
import { mergedPulls, type PullRow } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import { edgesAmong } from '../domain/merge-order.ts'
import { orderQueue, suspectsIn, type TestedGroup } from '../domain/merge-queue.ts'

/** A pull request that waits, by the id of its row. */
export interface Waiting {
  id: number
  sha: string
  pull: PullRow
  item: ItemRow
}

/** A queue at one moment. */
export interface QueueView {
  /** In the order in which they merge. */
  waiting: Waiting[]
  /** One is being merged, or a batch is being tested. */
  busy: boolean
  /** The newest first. */
  batches: BatchRow[]
  tested: TestedGroup[]
  merged: Set<number>
}

/** Reads a queue. What can no longer be merged as it was approved is taken out of it. */
export async function queueView(store: Store, of: QueueOf): Promise<QueueView> {
  const { db } = store
  const rows = await queued(db, of)
  const valid = rows.filter(({ entry, pull, item }) => mayWait(entry.sha, pull, item))
  for (const { pull } of rows.filter((row) => !valid.includes(row)))
    await store.transaction((tx) => leaveQueue(tx, pull.id))
  const repo = await getRepository(db, of.repositoryId)
  const items = valid.map(({ item }) => item)
  const edges = edgesAmong(
    items,
    await openDependencies(
      db,
      items.map(({ id }) => id),
    ),
    repo?.fullName ?? '',
  )
  const ordered = orderQueue(
    valid.map(({ entry, pull, item }) => ({
      ...{ id: item.id, priority: item.priority, since: entry.createdAt.getTime() },
      waiting: { id: pull.id, sha: entry.sha, pull, item },
    })),
    edges,
  )
  const waiting = ordered.map((one) => one.waiting)
  const batches = await batchesOf(db, of)
  const members = batches.flatMap((batch) => batch.members.map(({ pullRequestId }) => pullRequestId))
  return {
    waiting,
    busy: (await mergingNow(db, of)) > 0 || batches.some(({ state }) => state === 'testing'),
    batches,
    tested: await testedGroups(store, batches, waiting),
    merged: new Set(await mergedPulls(db, members)),
  }
}

function mayWait(head: string, pull: PullRow, item: ItemRow): boolean {
  const inReview = item.state === 'approved' || item.state === 'reviewing'
  return pull.state === 'open' && pull.headSha === head && inReview && pull.heldBy === null
}

/** The batches whose members that still wait are at the same commits as then. */
async function testedGroups(
  { db }: Store,
  batches: readonly BatchRow[],
  waiting: readonly Waiting[],
): Promise<TestedGroup[]> {
  const byId = new Map(waiting.map((one) => [one.id, one]))
  const footprints = await openFootprints(
    db,
    waiting.map(({ item }) => item.id),
  )
  const pathsOf = (id: number) => footprints.get(byId.get(id)?.item.id ?? 0)?.observed ?? []
  return batches.flatMap(({ members, state, log }) => {
    const same = members.every((member) => (byId.get(member.pullRequestId)?.sha ?? member.sha) === member.sha)
    if (!same || (state !== 'passed' && state !== 'failed')) return []
    const ids = members.map(({ pullRequestId }) => pullRequestId)
    const left = ids.filter((id) => byId.has(id)).map((id) => ({ id, paths: pathsOf(id) }))
    return [{ members: ids, verdict: state, suspects: state === 'failed' ? suspectsIn(log, left) : [] }]
  })
}
