/**
 * The files that items touch, as far as somebody has said or seen it: what a plan expects, what an agent was seen to
 * change, and all that changed once the gates look at the commit. What settings declare for a module is not stored.
 */

import { and, desc, eq, inArray, notInArray } from 'drizzle-orm'
import { terminalStates } from '../domain/lifecycle.ts'
import type { Database, Tx } from './connect.ts'
import { workItems } from './schema/core.ts'
import { footprints } from './schema/plans.ts'

export type FootprintSource = (typeof footprints.$inferSelect)['source']

/** What is stored of an item's paths. */
export interface StoredFootprint {
  plan: string[]
  observed: string[]
}

/** More paths than this are told by their directories: comparing them costs time at every decision. */
const mostPaths = 300

/** Adds paths that were just seen to change. More will come; `setFootprint` tells when that is all. */
export async function addObservedPaths(db: Database, workItemId: number, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return
  const rows = condensePaths(paths, mostPaths).map((path) => ({ workItemId, path, source: 'observed' as const }))
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
  const rows = condensePaths(paths, mostPaths).map((path) => ({ workItemId, path, source }))
  if (rows.length > 0) await tx.db.insert(footprints).values(rows).onConflictDoNothing()
}

/** What is stored of every item that is not finished, by item. @param of of these only. */
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

/** What the newest finished items of a system changed, newest first. @param most items at most. */
export async function pastFootprints(db: Database, repositoryId: number, most: number): Promise<Map<number, string[]>> {
  const newest = db
    .select({ id: workItems.id })
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), eq(workItems.state, 'done')))
    .orderBy(desc(workItems.id))
    .limit(most)
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
 * At most `most` paths that name at least the same files: directories stand in for their files, the deepest first.
 * @returns each path once, in order.
 */
export function condensePaths(paths: readonly string[], most: number): string[] {
  let kept = [...new Set(paths)].sort()
  for (let depth = Math.max(...kept.map(depthOf), 0); kept.length > most && depth > 1; depth--) {
    kept = [...new Set(kept.map((path) => (depthOf(path) === depth ? directoryOf(path) : path)))].sort()
  }
  // Thousands of files at the root itself: everything.
  return kept.length > most ? ['**'] : kept
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
