/** What the crew of a repository remembers. */

import { and, asc, desc, eq, inArray, type SQL, sql } from 'drizzle-orm'
import type { MemoryDomain } from '../domain/crew.ts'
import type { Database, Tx } from './connect.ts'
import { memories } from './schema/crew.ts'

export type Memory = typeof memories.$inferSelect

/** What is stored with a new memory. */
export type NewMemory = Pick<Memory, 'repositoryId' | 'kind' | 'domain' | 'text' | 'digest' | 'source'> &
  Partial<Pick<Memory, 'memberId' | 'fromMistake' | 'about' | 'issueNumber' | 'confirmedBy'>>

/** Who says it, the stronger the higher: a person's word is not made weaker by an agent's. */
const rankOf = (column: SQL) => sql`case ${column} when 'person' then 2 when 'gate' then 1 else 0 end`

/**
 * Stores a memory. An equal one is the same memory, seen once more: it keeps its text and takes the stronger source.
 * @returns the row, and whether it is new.
 */
export async function saveMemory(tx: Tx, memory: NewMemory): Promise<Memory & { isNew: boolean }> {
  const stronger = sql`${rankOf(sql`excluded.source`)} > ${rankOf(sql`${memories.source}`)}`
  const [row] = await tx.db
    .insert(memories)
    .values(memory)
    .onConflictDoUpdate({
      target: [memories.repositoryId, memories.digest],
      set: {
        seen: sql`${memories.seen} + 1`,
        seenAt: sql`now()`,
        source: sql`case when ${stronger} then excluded.source else ${memories.source} end`,
        confirmedBy: sql`coalesce(${memories.confirmedBy}, excluded.confirmed_by)`,
      },
    })
    .returning()
  if (!row) throw new Error('the memory was not stored')
  return { ...row, isNew: row.seen === 1 }
}

/**
 * Keeps the memories of a repository within a number: first those go that people have taken out, then those that only an
 * agent has noted, then those that were least seen and used, the oldest first. What people have said stays longest.
 */
export async function boundMemories(tx: Tx, repositoryId: number, most: number): Promise<void> {
  const extra = tx.db
    .select({ id: memories.id })
    .from(memories)
    .where(eq(memories.repositoryId, repositoryId))
    .orderBy(
      asc(memories.forgotten),
      desc(rankOf(sql`${memories.source}`)),
      desc(sql`${memories.seen} + ${memories.used}`),
      desc(memories.id),
    )
    .offset(most)
  await tx.db.delete(memories).where(inArray(memories.id, extra))
}

/** What is searched for. */
interface MemoryQuery {
  repositoryId: number
  /** Who asks: what it has noted itself counts a little more. */
  memberId: number | null
  domain: MemoryDomain
  /** Words joined with `|`, as `to_tsquery` reads them; '' matches by domain alone. */
  terms: string
}

/**
 * The memories that fit a task best, by full-text search. A repository has a few hundred at most, so no index is needed.
 * What people have said is offered even when no word of it is in the task; what only an agent has noted is not.
 */
export async function findMemories(db: Database, query: MemoryQuery, limit: number): Promise<Memory[]> {
  const { repositoryId, memberId, domain, terms } = query
  const document = sql`to_tsvector('english', ${memories.about} || ' ' || ${memories.text})`
  const match = terms ? sql`ts_rank(${document}, to_tsquery('english', ${terms}))` : sql`0`
  const sameDomain = sql`case when ${memories.domain} = ${domain} then 0.02 else 0 end`
  const own = memberId ? sql`case when ${memories.memberId} = ${memberId} then 0.01 else 0 end` : sql`0`
  const standing = sql`case ${memories.source} when 'person' then 0.02
    when 'gate' then case when ${memories.kind} = 'context' or ${memories.domain} = ${domain} then 0.005 else 0 end
    else 0 end`
  const offered = sql`(${match} > 0 or ${standing} > 0)`
  return db
    .select()
    .from(memories)
    .where(and(eq(memories.repositoryId, repositoryId), eq(memories.forgotten, false), offered))
    .orderBy(desc(sql`${match} + ${sameDomain} + ${own} + ${standing}`), desc(memories.seen), asc(memories.id))
    .limit(limit)
}

/** Notes that these were given to an agent. */
export async function countUse(db: Database, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await db
    .update(memories)
    .set({ used: sql`${memories.used} + 1` })
    .where(inArray(memories.id, [...ids]))
}

/** What a repository remembers, the newest first. @param domain only about this. */
export async function memoriesOf(db: Database, repositoryId: number, domain?: MemoryDomain): Promise<Memory[]> {
  const those = and(eq(memories.repositoryId, repositoryId), eq(memories.forgotten, false))
  return db
    .select()
    .from(memories)
    .where(domain ? and(those, eq(memories.domain, domain)) : those)
    .orderBy(desc(memories.seenAt), desc(memories.id))
}

/** Takes a memory out, confirms it, or changes its text. @returns the row; undefined when the repository has none. */
export async function changeMemory(
  tx: Tx,
  repositoryId: number,
  id: number,
  set: Partial<Pick<Memory, 'forgotten' | 'source' | 'confirmedBy' | 'text' | 'digest' | 'domain'>>,
): Promise<Memory | undefined> {
  const those = and(eq(memories.repositoryId, repositoryId), eq(memories.id, id), eq(memories.forgotten, false))
  const [row] = await tx.db.update(memories).set(set).where(those).returning()
  return row
}
