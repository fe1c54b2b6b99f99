/** The members of the crew, and what each has finished. */

import { and, asc, eq, inArray, isNotNull, ne, type SQL, sql } from 'drizzle-orm'
import type { CrewRole, Experience } from '../domain/crew.ts'
import { moduleOf } from '../domain/labels.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import { crewMembers } from './schema/crew.ts'
import { workItems } from './schema/work-items.ts'

export type CrewMember = typeof crewMembers.$inferSelect
type ItemRow = typeof workItems.$inferSelect

/** Everybody in the crew of a repository, in the order in which they joined. */
export async function crewOf(db: Database, repositoryId: number): Promise<CrewMember[]> {
  return db.select().from(crewMembers).where(eq(crewMembers.repositoryId, repositoryId)).orderBy(asc(crewMembers.id))
}

/** One member by its id. */
export async function getMember(db: Database, id: number): Promise<CrewMember | undefined> {
  const [row] = await db.select().from(crewMembers).where(eq(crewMembers.id, id))
  return row
}

/** The member with this name or handle, in any case, with or without an `@` before it. */
export async function memberNamed(db: Database, repositoryId: number, name: string): Promise<CrewMember | undefined> {
  const wanted = name.replace(/^@/, '').trim().toLowerCase()
  const crew = await crewOf(db, repositoryId)
  return (
    crew.find((member) => member.name.toLowerCase() === wanted) ??
    crew.find((member) => member.handle?.toLowerCase() === wanted)
  )
}

/**
 * The members of a role and a kind of agent that no other transaction is giving work to at this moment. They are locked
 * until the transaction ends.
 */
export async function lockMembers(tx: Tx, repositoryId: number, role: CrewRole, agent: string): Promise<CrewMember[]> {
  const same = and(eq(crewMembers.repositoryId, repositoryId), eq(crewMembers.role, role), eq(crewMembers.agent, agent))
  return tx.db.select().from(crewMembers).where(same).orderBy(asc(crewMembers.id)).for('update', { skipLocked: true })
}

/** The members that people have asked for on other items of its repository that are about to start. */
export async function membersAskedFor(db: Database, item: Pick<ItemRow, 'id' | 'repositoryId'>): Promise<Set<number>> {
  const rows = await db
    .select({ id: workItems.memberId })
    .from(workItems)
    .where(
      and(
        eq(workItems.repositoryId, item.repositoryId),
        inArray(workItems.state, ['queued', 'planning', 'ready']),
        isNotNull(workItems.memberId),
        ne(workItems.id, item.id),
      ),
    )
  return new Set(rows.flatMap(({ id }) => id ?? []))
}

/** Adds a member. @returns undefined when the name was taken meanwhile. */
export async function addMember(
  tx: Tx,
  member: Pick<CrewMember, 'repositoryId' | 'role' | 'agent' | 'name'>,
): Promise<CrewMember | undefined> {
  const [row] = await tx.db.insert(crewMembers).values(member).onConflictDoNothing().returning()
  return row
}

/** Notes that a member got a run: whoever waits for its row sees that it has changed. */
export async function touchMember(tx: Tx, id: number): Promise<void> {
  await tx.db.update(crewMembers).set({ assignedAt: currentTime() }).where(eq(crewMembers.id, id))
}

/** Gives a member another name to be written to. @returns false when someone else has it. */
export async function setMemberHandle(tx: Tx, member: CrewMember, handle: string): Promise<boolean> {
  const owner = await memberNamed(tx.db, member.repositoryId, handle)
  if (owner && owner.id !== member.id) return false
  await tx.db.update(crewMembers).set({ handle }).where(eq(crewMembers.id, member.id))
  return true
}

interface ExperienceRow {
  member_id: number | string
  busy: boolean
  tried: boolean
  last_run: number | string | null
  finished: number | string
  here: (number | string)[] | null
}

/**
 * What members have finished, and what they do now. An issue belongs to the same part of the repository when it has the
 * same module label, or when its agent has changed a file that the item is expected to touch.
 * @param item the one that a run is about; undefined: `here` is empty, and nothing was tried.
 */
export async function experienceOf(
  db: Database,
  members: readonly CrewMember[],
  item?: Pick<ItemRow, 'id' | 'labels'>,
): Promise<Experience[]> {
  if (members.length === 0) return []
  const ids = members.map(({ id }) => id)
  const same = item ? sql`r.work_item_id = ${item.id}` : sql`false`
  const done = sql`r.outcome in ('finished', 'planned', 'reviewed', 'proposed')`
  const { rows } = (await db.execute(sql`
    select r.member_id, bool_or(r.stage in ('waiting', 'agent')) as busy, bool_or(${same}) as tried,
      max(r.id) filter (where ${same}) as last_run,
      count(distinct r.work_item_id) filter (where ${done}) as finished,
      array_agg(distinct i.issue_number) filter (where ${done} and not ${same} and ${relatedTo(item)}) as here
    from runs r join work_items i on i.id = r.work_item_id
    where ${inArray(sql`r.member_id`, ids)} group by r.member_id`)) as unknown as { rows: ExperienceRow[] }
  const found = new Map(rows.map((row) => [Number(row.member_id), row]))
  const lastRun = Math.max(0, ...rows.map((row) => Number(row.last_run ?? 0)))
  return members.map(({ id, name }) => {
    const row = found.get(id)
    return {
      memberId: id,
      name,
      busy: row?.busy ?? false,
      here: (row?.here ?? []).map(Number),
      all: Number(row?.finished ?? 0),
      last: lastRun > 0 && Number(row?.last_run ?? 0) === lastRun,
      tried: row?.tried ?? false,
    }
  })
}

/** Whether the item `i` of the query is about the same part of the repository. */
function relatedTo(item: Pick<ItemRow, 'id' | 'labels'> | undefined): SQL {
  if (!item) return sql`false`
  const shared = sql`exists (select 1 from footprints mine join footprints theirs on theirs.path = mine.path
    where mine.work_item_id = ${item.id} and theirs.work_item_id = i.id)`
  const module = moduleOf(item)
  return module ? sql`(i.labels @> ${JSON.stringify([`module:${module}`])}::jsonb or ${shared})` : shared
}
