/** Repository rows. */

import { asc, eq, notInArray, sql } from 'drizzle-orm'
import type { RepositoryIdentity } from '../domain/events.ts'
import type { Database, Tx } from './connect.ts'
import { followDefaultBranch } from './default-branch.ts'
import { repositories } from './schema/repositories.ts'

export type RepositoryRow = typeof repositories.$inferSelect

/** One repository by its row id. */
export async function getRepository(db: Database, id: number): Promise<RepositoryRow | undefined> {
  const [row] = await db.select().from(repositories).where(eq(repositories.id, id))
  return row
}

/** A repository by GitHub's numeric id. Names change, ids do not. */
export async function repositoryByGithubId(db: Database, githubId: number): Promise<RepositoryRow | undefined> {
  const [row] = await db.select().from(repositories).where(eq(repositories.githubId, githubId))
  return row
}

/** A repository by its present `owner/name`, in any case. */
export async function repositoryByName(db: Database, fullName: string): Promise<RepositoryRow | undefined> {
  const [row] = await db
    .select()
    .from(repositories)
    .where(sql`lower(${repositories.fullName}) = ${fullName.toLowerCase()}`)
  return row
}

/** Adds or updates a repository with the facts of a payload. Items follow a default branch that has another name. */
export async function saveRepository(
  db: Database,
  facts: Pick<RepositoryRow, 'githubId' | 'fullName' | 'private' | 'installationId' | 'cloneUrl' | 'defaultBranch'>,
): Promise<RepositoryRow> {
  const known = await repositoryByGithubId(db, facts.githubId)
  const keys = Object.keys(facts) as (keyof typeof facts)[]
  if (known && known.state !== 'gone' && keys.every((key) => known[key] === facts[key])) return known
  const [row] = await db
    .insert(repositories)
    .values(facts)
    .onConflictDoUpdate({
      target: repositories.githubId,
      set: {
        ...facts,
        state: sql`case when ${repositories.state} = 'gone' then 'active' else ${repositories.state} end`,
      },
    })
    .returning()
  if (!row) throw new Error('the repository was not stored')
  if (known && known.defaultBranch !== facts.defaultBranch) await followDefaultBranch(db, known, facts.defaultBranch)
  return row
}

/** All repositories that Tutti may work on. */
export async function servedRepositories(db: Database): Promise<RepositoryRow[]> {
  return db
    .select()
    .from(repositories)
    .where(notInArray(repositories.state, ['gone']))
    .orderBy(asc(repositories.id))
}

/**
 * A repository that is added when it is missing, and restored when it was gone. A known one stays as it is: a payload
 * can be older than the stored row.
 */
export async function ensureRepository(
  tx: Tx,
  known: RepositoryRow | undefined,
  repository: RepositoryIdentity,
): Promise<RepositoryRow> {
  if (known && known.state !== 'gone') return known
  return saveRepository(tx.db, repository)
}

/** Records that branches of the repository have moved on the server. */
export async function markBaseMoved(tx: Tx, repositoryId: number): Promise<void> {
  await tx.db
    .update(repositories)
    .set({ remoteRevision: sql`${repositories.remoteRevision} + 1` })
    .where(eq(repositories.id, repositoryId))
}
