/** Work items: making them, finding them, and the one function that moves them along the journey. */

import { and, asc, eq, inArray, notInArray, sql } from 'drizzle-orm'
import type { Job } from '../domain/jobs.ts'
import { canTransition, isInactive, lifecycle, nextJob, terminalStates } from '../domain/lifecycle.ts'
import type { ItemState } from '../lib/item-state.ts'
import { appendAudit } from './audit-log.ts'
import type { Database, Tx } from './connect.ts'
import { enqueueEffect } from './outbox.ts'
import { dependencies, repositories, workItems } from './schema/core.ts'

export type ItemRow = typeof workItems.$inferSelect
export type RepositoryRow = typeof repositories.$inferSelect
export type DependencyRow = typeof dependencies.$inferSelect

/** Thrown when an item has moved on since it was read; the job that sees it looks again. */
export class StaleItem extends Error {
  override name = 'StaleItem'
}

/** Adds a work item in `queued`, or returns undefined when the issue already has one. */
export async function addWorkItem(
  tx: Tx,
  item: typeof workItems.$inferInsert,
  actor: string,
): Promise<ItemRow | undefined> {
  const [row] = await tx.db.insert(workItems).values(item).onConflictDoNothing().returning()
  if (!row) return undefined
  await appendAudit(tx, {
    repositoryId: row.repositoryId,
    workItemId: row.id,
    actor,
    what: 'queued',
    detail: { issue: row.issueNumber },
  })
  const job = nextJob(row.state, row.id)
  if (job) await tx.enqueue(job)
  await requestStatusComment(tx, row, 'soon')
  return row
}

/**
 * Moves an item to its next state, writes the journal, wakes whoever acts there, and has the status comment edited:
 * all in the caller's transaction.
 * @throws {StaleItem} when the item is no longer where the caller read it.
 * @throws {Error} when the journey does not allow the step: a defect in the caller.
 */
export async function transition(
  tx: Tx,
  item: ItemRow,
  to: ItemState,
  by: { actor: string; why: string; set?: Partial<ItemRow>; after?: Date },
): Promise<ItemRow> {
  if (!canTransition(item.state, to))
    throw new Error(`the journey has no step from ${item.state} to ${to} (item ${item.id})`)
  const [row] = await tx.db
    .update(workItems)
    .set({
      ...(unheard.includes(to) ? {} : { muted: false }),
      ...by.set,
      state: to,
      resumeState: item.state,
      reason: by.why,
      notBefore: by.after ?? null,
      updatedAt: new Date(),
    })
    .where(and(eq(workItems.id, item.id), eq(workItems.state, item.state)))
    .returning()
  if (!row) throw new StaleItem(`item ${item.id} is no longer ${item.state}`)
  // One of many that nobody began leaves nothing behind to tidy.
  const over = item.muted && to === 'cancelled'
  const job = row.kind === 'epic' ? wakesEpic(to, item.id) : over ? undefined : nextJob(to, item.id)
  const together = item.muted ? soonTogether() : undefined
  if (job) await tx.enqueue(job, { after: by.after ?? (job.queue === 'schedule' ? together : undefined) })
  // It wants nothing any more, or stands aside: its files are free, and what waits for it may be released.
  if (terminalStates.includes(to) || isInactive(to)) await tx.enqueue({ queue: 'schedule' }, { after: together })
  tx.tell({ ...item, from: item.state, to, actor: by.actor, why: by.why })
  const repo = await getRepository(tx.db, item.repositoryId)
  await projectLabel(tx, row, item.state, repo)
  await requestStatusComment(tx, row, whenToTell(to))
  if (repo) await announceEpics(tx, repo, row)
  await appendAudit(tx, {
    repositoryId: item.repositoryId,
    workItemId: item.id,
    actor: by.actor,
    what: `${item.state} → ${to}`,
    detail: { why: by.why },
  })
  return row
}

/**
 * Says something else about an item that stays where it is, and wakes whoever acts there.
 * @throws {StaleItem} when the item is no longer where the caller read it.
 */
export async function updateReason(
  tx: Tx,
  item: ItemRow,
  by: { why: string; set?: Partial<ItemRow>; after?: Date },
): Promise<ItemRow> {
  const [row] = await tx.db
    .update(workItems)
    .set({ ...by.set, reason: by.why, notBefore: by.after ?? null, updatedAt: new Date() })
    .where(and(eq(workItems.id, item.id), eq(workItems.state, item.state)))
    .returning()
  if (!row) throw new StaleItem(`item ${item.id} is no longer ${item.state}`)
  const job = nextJob(item.state, item.id)
  if (job) await tx.enqueue(job, { after: by.after })
  await requestStatusComment(tx, row, 'later')
  return row
}

/** Items queued as one of many wake the scheduler together: a look at everything for each would be a thousand looks. */
const togetherMs = 2_000

function soonTogether(): Date {
  return new Date(Math.ceil((Date.now() + 1) / togetherMs) * togetherMs)
}

/** The states that an item queued as one of many is in without a word on its issue. */
const unheard: readonly ItemState[] = ['queued', 'ready', 'cancelled']

/** An epic is not started: on its way its parts are looked after, and given up it lets go of those nobody began. */
function wakesEpic(to: ItemState, workItemId: number): Job | undefined {
  if (to === 'queued') return { queue: 'triage', workItemId }
  if (to === 'planning') return { queue: 'schedule' }
  return to === 'ready' || to === 'cancelled' || to === 'skipped'
    ? { queue: 'sync-roadmap', workItemId, from: 'issue' }
    : undefined
}

/** The first comment waits a second, so that it can say what became of the request. */
const soonMs = 1_000
/** Steps that no person waits for are told after this long: every edit is a write to GitHub. */
const laterMs = 120_000

/** An agent that is still at work after this long is told of, where the comment does not say so yet. */
const atWorkMs = 10_000

function whenToTell(to: ItemState): 'now' | 'later' | Date {
  if (lifecycle[to].actor === 'a person' || terminalStates.includes(to)) return 'now'
  return to === 'running' || to === 'planning' ? new Date(Date.now() + atWorkMs) : 'later'
}

/** Has the status comment of an item brought up to date; wishes until then are one edit. */
export async function requestStatusComment(
  tx: Tx,
  item: ItemRow,
  when: 'now' | 'soon' | 'later' | Date,
): Promise<void> {
  // A roadmap queues hundreds: a comment on each, saying that it waits, would use up an hour of writes.
  if (item.muted) return
  const delays = { now: 0, soon: soonMs, later: laterMs }
  const after = when instanceof Date ? when : new Date(Date.now() + delays[when])
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: `status:${item.id}` },
    { kind: 'status-comment', payload: { issueNumber: item.issueNumber } },
    { after: when === 'now' ? undefined : after, again: true },
  )
}

/** A roadmap shows a step that people care about after this long: several parts of it may move at once. */
const pictureMs = 10_000
const beforeJournals = 1e12

/** Has the roadmaps shown anew that an item is a part of, and those that these are parts of. */
async function announceEpics(tx: Tx, repo: RepositoryRow, item: ItemRow): Promise<void> {
  const matters = lifecycle[item.state].actor === 'a person' || terminalStates.includes(item.state)
  const when = matters ? new Date(Date.now() + pictureMs) : 'later'
  const told = new Set([item.id])
  let below: { repository: string; issueNumber: number }[] = [
    { repository: repo.fullName.toLowerCase(), issueNumber: item.issueNumber },
  ]
  while (below.length > 0) {
    const above: typeof below = []
    for (const part of below) {
      for (const { epic, repository } of await epicsAround(tx, part)) {
        if (told.has(epic.id)) continue
        told.add(epic.id)
        // Many parts share a roadmap: its row is locked late, and in one order, before those of the journals.
        tx.atEnd(epic.id - beforeJournals, () => requestStatusComment(tx, epic, when))
        above.push({ repository: repository.toLowerCase(), issueNumber: epic.issueNumber })
      }
    }
    below = above
  }
}

/** The epics that an issue is a part of and that are not finished. */
async function epicsAround(tx: Tx, part: { repository: string; issueNumber: number }) {
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

async function projectLabel(tx: Tx, item: ItemRow, from: ItemState, repo: RepositoryRow | undefined): Promise<void> {
  const projected: readonly string[] = repo?.settings?.labels.project ?? ['held']
  const labelOf = (state: ItemState) => (projected.includes(state) ? `tutti:${state}` : null)
  if (labelOf(from) === labelOf(item.state)) return
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: `label:${item.id}` },
    { kind: 'state-label', payload: { issueNumber: item.issueNumber, label: labelOf(item.state) } },
  )
}

/** One item by its row id. */
export async function getItem(db: Database, id: number): Promise<ItemRow | undefined> {
  const [row] = await db.select().from(workItems).where(eq(workItems.id, id))
  return row
}

/** One item with its row locked until the transaction ends. */
export async function lockItem(tx: Tx, id: number): Promise<ItemRow | undefined> {
  const [row] = await tx.db.select().from(workItems).where(eq(workItems.id, id)).for('no key update')
  return row
}

/** The item of an issue, if it has one. */
export async function itemOfIssue(
  db: Database,
  repositoryId: number,
  issueNumber: number,
): Promise<ItemRow | undefined> {
  const [row] = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), eq(workItems.issueNumber, issueNumber)))
  return row
}

/** The item that works on a branch. */
export async function itemOfBranch(db: Database, repositoryId: number, branch: string): Promise<ItemRow | undefined> {
  const [row] = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), eq(workItems.branch, branch)))
  return row
}

/** The items of one system that are not finished, oldest first. */
export async function unfinishedOf(db: Database, repositoryId: number): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repositoryId), notInArray(workItems.state, [...terminalStates])))
    .orderBy(asc(workItems.id))
}

/** Items in the given states, oldest first. */
export async function itemsIn(db: Database, states: readonly ItemState[]): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(inArray(workItems.state, [...states]))
    .orderBy(asc(workItems.id))
}

/** Locks these items in the one order that everybody keeps, and reads them. @returns those that are there, by id. */
export async function lockItems(tx: Tx, ids: readonly number[]): Promise<ItemRow[]> {
  const found: ItemRow[] = []
  for (const some of chunks(ids.toSorted((one, other) => one - other))) {
    const rows = tx.db.select().from(workItems).where(inArray(workItems.id, some))
    found.push(...(await rows.orderBy(asc(workItems.id)).for('no key update')))
  }
  return found
}

/** Postgres takes 65,535 values in one statement. */
function* chunks<T>(rows: readonly T[]): Generator<T[]> {
  for (let from = 0; from < rows.length; from += 5_000) yield rows.slice(from, from + 5_000)
}

/** Every item that is not finished. */
export async function unfinishedItems(db: Database): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(notInArray(workItems.state, [...terminalStates]))
    .orderBy(asc(workItems.id))
}

/** These items, finished or not. */
export async function itemsNamed(db: Database, ids: readonly number[]): Promise<ItemRow[]> {
  return db
    .select()
    .from(workItems)
    .where(inArray(workItems.id, [...ids]))
    .orderBy(asc(workItems.id))
}

/** Whether anything is on its way anywhere; decides how often drift is looked for. */
export async function anythingOpen(db: Database): Promise<boolean> {
  const rows = await db
    .select({ id: workItems.id })
    .from(workItems)
    .where(notInArray(workItems.state, [...terminalStates]))
    .limit(1)
  return rows.length > 0
}

/** One system by its row id. */
export async function getRepository(db: Database, id: number): Promise<RepositoryRow | undefined> {
  const [row] = await db.select().from(repositories).where(eq(repositories.id, id))
  return row
}

/** The system of a repository, by GitHub's numeric id (names change, ids do not). */
export async function repositoryByGithubId(db: Database, githubId: number): Promise<RepositoryRow | undefined> {
  const [row] = await db.select().from(repositories).where(eq(repositories.githubId, githubId))
  return row
}

/** The system of a repository by its present `owner/name`, in any case. */
export async function repositoryByName(db: Database, fullName: string): Promise<RepositoryRow | undefined> {
  const [row] = await db
    .select()
    .from(repositories)
    .where(sql`lower(${repositories.fullName}) = ${fullName.toLowerCase()}`)
  return row
}

/** Makes or refreshes a system from what a payload says about its repository. */
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
  if (!row) throw new Error('the system was not stored')
  return row
}

/** All systems that Tutti may work on. */
export async function servedRepositories(db: Database): Promise<RepositoryRow[]> {
  return db
    .select()
    .from(repositories)
    .where(notInArray(repositories.state, ['gone']))
    .orderBy(asc(repositories.id))
}

/** Replaces the edges of an item that come from one source. */
export async function setDependencies(
  tx: Tx,
  item: ItemRow,
  source: DependencyRow['source'],
  edges: Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>[],
): Promise<void> {
  await tx.db.delete(dependencies).where(and(eq(dependencies.dependentId, item.id), eq(dependencies.source, source)))
  if (edges.length === 0) return
  await tx.db
    .insert(dependencies)
    .values(edges.map((edge) => ({ ...edge, source, dependentId: item.id })))
    .onConflictDoNothing()
}

/** The edges of every item that is not finished. @param of of these only. */
export async function openDependencies(db: Database, of?: readonly number[]): Promise<DependencyRow[]> {
  const those = of && inArray(dependencies.dependentId, [...of])
  const rows = await db
    .select({ edge: dependencies })
    .from(dependencies)
    .innerJoin(workItems, eq(dependencies.dependentId, workItems.id))
    .where(and(notInArray(workItems.state, [...terminalStates]), those))
  return rows.map((row) => row.edge)
}

/** Notes that an issue was closed, reopened or deleted, on every edge that waits for it. @returns how many edges. */
export async function setBlockerState(
  tx: Tx,
  repository: string,
  issueNumber: number,
  blocker: DependencyRow['blocker'],
): Promise<number> {
  const rows = await tx.db
    .update(dependencies)
    .set({ blocker })
    .where(and(eq(dependencies.repository, repository.toLowerCase()), eq(dependencies.issueNumber, issueNumber)))
    .returning({ id: dependencies.id })
  if (rows.length > 0) await tx.enqueue({ queue: 'schedule' })
  return rows.length
}
