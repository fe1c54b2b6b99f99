/** The audit log: who did what, and who asked for it. Each entry is hashed with the one before it, per repository. */

import { createHash } from 'node:crypto'
import { asc, eq, sql } from 'drizzle-orm'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { auditLog, repositories } from './schema/repositories.ts'

export interface AuditEntry {
  repositoryId: number
  workItemId?: number
  /** A login, `tutti`, or `github`. */
  actor: string
  /** A short name: `queued`, `running → checking`, `refused /merge`. */
  what: string
  detail?: Record<string, unknown>
}

/**
 * Appends an entry at the end of the transaction. The repository's row is locked from then on until the commit, so that
 * concurrent transactions append to one chain. Its key is not locked: rows that refer to it lock that.
 */
export async function appendAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  const at = currentTime()
  tx.beforeCommit(entry.repositoryId, () => append(tx, entry, at))
}

async function append(tx: Tx, entry: AuditEntry, at: Date): Promise<void> {
  const [head] = await tx.db
    .select({ hash: repositories.auditHash })
    .from(repositories)
    .where(eq(repositories.id, entry.repositoryId))
    .for('no key update')
  const previousHash = head?.hash ?? ''
  const detail = entry.detail ?? {}
  const row = { ...entry, workItemId: entry.workItemId ?? null, at, detail, previousHash }
  const hash = hashOfEntry(row)
  await tx.db.insert(auditLog).values({ ...row, hash })
  await tx.db.update(repositories).set({ auditHash: hash }).where(eq(repositories.id, entry.repositoryId))
}

/**
 * Verifies the chain of a repository.
 * @returns the id of the first entry that does not follow from the one before it, or undefined when all do.
 */
export async function findBrokenLink(db: Database, repositoryId: number): Promise<number | undefined> {
  const entries = await db
    .select()
    .from(auditLog)
    .where(eq(auditLog.repositoryId, repositoryId))
    .orderBy(asc(auditLog.id))
  let previousHash = ''
  for (const entry of entries) {
    if (entry.previousHash !== previousHash || hashOfEntry(entry) !== entry.hash) return entry.id
    previousHash = entry.hash
  }
  return undefined
}

/** The hash of an entry: over what it says and the hash of the one before it. */
export function hashOfEntry(entry: {
  repositoryId: number
  workItemId: number | null
  at: Date
  actor: string
  what: string
  detail: Record<string, unknown>
  previousHash: string
}): string {
  const fields = [
    entry.previousHash,
    entry.repositoryId,
    entry.workItemId,
    entry.at.toISOString(),
    entry.actor,
    entry.what,
  ]
  return createHash('sha256')
    .update(JSON.stringify([...fields, canonical(entry.detail)]))
    .digest('hex')
}

/** jsonb does not keep the order of keys: the hash must not depend on it. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.filter(([, inner]) => inner !== undefined).map(([key, inner]) => [key, canonical(inner)])
}

/** The latest entries of a repository, newest first. */
export async function latestEntries(db: Database, repositoryId: number, limit: number) {
  return db
    .select()
    .from(auditLog)
    .where(eq(auditLog.repositoryId, repositoryId))
    .orderBy(sql`${auditLog.id} desc`)
    .limit(limit)
}
