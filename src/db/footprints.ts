/**
 * The files that items touch: the files that a plan expects, the files that an agent was observed to change, and all
 * changed files once the gates check the commit. The paths that settings declare for a module are not stored.
 */

import { and, desc, eq, inArray, notInArray } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import type { Database, Tx } from './connect.ts'
import { footprints } from './schema/plans.ts'
import { workItems } from './schema/work-items.ts'

export type FootprintSource = (typeof footprints.$inferSelect)['source']

/** The stored paths of an item, by source. */
export interface StoredFootprint {
  plan: string[]
  observed: string[]
}

/** More paths than this are replaced by their directories: comparing paths costs time at every decision. */
const maxPaths = 300

/** Adds paths that the agent was just observed to change. More may follow; `setFootprint` stores the final set. */
export async function addObservedPaths(db: Database, workItemId: number, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return
  const rows = condensePaths(paths, maxPaths).map((path) => ({ workItemId, path, source: 'observed' as const }))
  await db.insert(footprints).values(rows).onConflictDoNothing()
}

/** Replaces the paths of an item that come from one source. */
export async function setFootprint(
  tx: Tx,
  workItemId: number,
  source: FootprintSource,
  paths: readonly string[],
): Promise<void> {
  await tx.db.delete(footprints).where(and(eq(footprints.workItemId, workItemId), eq(footprints.source, source)))
  const rows = condensePaths(paths, maxPaths).map((path) => ({ workItemId, path, source }))
  if (rows.length > 0) await tx.db.insert(footprints).values(rows).onConflictDoNothing()
}

/** The stored paths of every item that is not finished, by item. @param of only these items. */
export async function openFootprints(db: Database, of?: readonly number[]): Promise<Map<number, StoredFootprint>> {
  const those = of && inArray(footprints.workItemId, [...of])
  const rows = await db
    .select({ workItemId: footprints.workItemId, path: footprints.path, source: footprints.source })
    .from(footprints)
    .innerJoin(workItems, eq(footprints.workItemId, workItems.id))
    .where(and(notInArray(workItems.state, [...terminalStates]), those))
  const found = new Map<number, StoredFootprint>()
  for (const { workItemId, path, source } of rows) {
    const known = found.get(workItemId) ?? { plan: [], observed: [] }
    known[source].push(path)
    found.set(workItemId, known)
  }
  return found
}

/**
 * The paths that the newest finished items of a repository changed, newest first.
 * @param limit at most this many items.
 */
export async function pastFootprints(
  db: Database,
  repositoryId: number,
  limit: number,
): Promise<Map<number, string[]>> {
  const newest = db
    .select({ id: workItems.id })
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), eq(workItems.state, 'done')))
    .orderBy(desc(workItems.id))
    .limit(limit)
  const rows = await db
    .select({ workItemId: footprints.workItemId, path: footprints.path })
    .from(footprints)
    .where(and(eq(footprints.source, 'observed'), inArray(footprints.workItemId, newest)))
    .orderBy(desc(footprints.workItemId), footprints.path)
  const found = new Map<number, string[]>()
  for (const { workItemId, path } of rows) found.set(workItemId, [...(found.get(workItemId) ?? []), path])
  return found
}

/**
 * At most `limit` paths that cover at least the same files: directories replace their files, the deepest first.
 * @returns each path once, sorted.
 */
export function condensePaths(paths: readonly string[], limit: number): string[] {
  let kept = [...new Set(paths)].sort()
  for (let depth = Math.max(...kept.map(depthOf), 0); kept.length > limit && depth > 1; depth--) {
    kept = [...new Set(kept.map((path) => (depthOf(path) === depth ? directoryOf(path) : path)))].sort()
  }
  // Thousands of files in the root directory: all files.
  return kept.length > limit ? ['**'] : kept
}

/** `a` is 1 deep, `a/b` and `a/b/` are 2. */
function depthOf(path: string): number {
  return path.split('/').filter((part) => part !== '').length
}

function directoryOf(path: string): string {
  return `${path
    .split('/')
    .filter((part) => part !== '')
    .slice(0, -1)
    .join('/')}/`
}
