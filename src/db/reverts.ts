/** Merged pull requests whose changes were taken back on their base branch. */

import { and, eq, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import type { RevertedBy } from '../domain/reverts.ts'
import { currentTime } from '../lib/clock.ts'
import { mergeTakenBack, revertTakenBack } from '../messages/pull-requests.ts'
import { appendAudit } from './audit-log.ts'
import type { Tx } from './connect.ts'
import type { PullRow } from './pull-requests.ts'
import { pullRequests } from './schema/pull-requests.ts'

/** What has happened on a base branch, and who has pushed or merged it. */
export interface BranchReverts {
  repositoryId: number
  branch: string
  actor: string
  reverts: readonly RevertedBy[]
}

/**
 * Notes the merged pull requests of ours that are taken back, and lets those go whose revert is taken back itself. Of two
 * reports about one the first counts.
 * @returns how many rows have changed.
 */
export async function noteReverts(tx: Tx, { repositoryId, branch, actor, reverts }: BranchReverts): Promise<number> {
  const here = and(eq(pullRequests.repositoryId, repositoryId), eq(pullRequests.baseBranch, branch))
  let changed = 0
  for (const { by, commits, pulls } of reverts) {
    const [merges, theirs] = [anyOf(mergeOf(commits, pulls)), anyOf(revertOf(commits, pulls))]
    const isReverted = and(here, isNotNull(pullRequests.revertedAt))
    const rows = (set: Partial<PullRow>, where: SQL | undefined) =>
      tx.db.update(pullRequests).set(set).where(where).returning()
    const restored = await rows({ revertedAt: null, revertedBy: null }, and(isReverted, theirs))
    // The push of its commit came first. What takes the pull request back will name its number.
    if (by.startsWith('#')) await rows({ revertedBy: by }, and(isReverted, merges))
    const isMerged = and(here, eq(pullRequests.state, 'merged'), isNull(pullRequests.revertedAt))
    const reverted = await rows({ revertedAt: currentTime(), revertedBy: by }, and(isMerged, merges))
    const entries = [
      ...restored.map((row) => ({ row, what: 'revert taken back', why: revertTakenBack(row.number, by) })),
      ...reverted.map((row) => ({ row, what: 'reverted', why: mergeTakenBack(row.number, by) })),
    ]
    for (const { row, what, why } of entries)
      await appendAudit(tx, { repositoryId, workItemId: row.workItemId, actor, what, detail: { why } })
    changed += entries.length
  }
  return changed
}

function mergeOf(commits: readonly string[], pulls: readonly number[]): (SQL | undefined)[] {
  return [
    pulls.length > 0 ? inArray(pullRequests.number, [...pulls]) : undefined,
    ...commits.flatMap((id) => [startsWith(pullRequests.mergedSha, id), startsWith(pullRequests.headSha, id)]),
  ]
}

function revertOf(commits: readonly string[], pulls: readonly number[]): (SQL | undefined)[] {
  return [
    pulls.length > 0
      ? inArray(
          pullRequests.revertedBy,
          pulls.map((number) => `#${number}`),
        )
      : undefined,
    ...commits.map((id) => startsWith(pullRequests.revertedBy, id)),
  ]
}

function startsWith(column: AnyPgColumn, id: string): SQL {
  return sql`starts_with(${column}, ${id})`
}

function anyOf(conditions: (SQL | undefined)[]): SQL {
  return or(...conditions) ?? sql`false`
}
