/** Commits on their way from the disk of one process to that of another; `prune.ts` deletes them when no run needs them. */

import { and, eq } from 'drizzle-orm'
import type { Database } from './connect.ts'
import { commitPacks } from './schema/processes.ts'

/** Stores what the server does not have of a commit. A second time changes nothing. */
export async function saveCommitPack(db: Database, repositoryId: number, sha: string, pack: Buffer): Promise<void> {
  await db
    .insert(commitPacks)
    .values({ repositoryId, sha, pack: pack.toString('base64') })
    .onConflictDoNothing()
}

/** What was stored of a commit; undefined when it was not, or is no longer. */
export async function findCommitPack(db: Database, repositoryId: number, sha: string): Promise<Buffer | undefined> {
  const [row] = await db
    .select({ pack: commitPacks.pack })
    .from(commitPacks)
    .where(and(eq(commitPacks.repositoryId, repositoryId), eq(commitPacks.sha, sha)))
  return row && Buffer.from(row.pack, 'base64')
}
