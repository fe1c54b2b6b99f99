/** The whole audit log: proves that nothing was changed or taken out, prints it, and moves old entries into a file. */

import { createHash } from 'node:crypto'
import { and, asc, eq, gt, lte } from 'drizzle-orm'
import { appendAudit, hashOfEntry } from './audit-log.ts'
import type { Database, Store } from './connect.ts'
import { auditLog, repositories } from './schema/repositories.ts'

export type AuditRow = typeof auditLog.$inferSelect

/** Rows that are in memory at once. */
const page = 1_000
/** What the log says when its beginning was moved into a file. */
const archived = 'audit log archived'

/** What the chain of one repository says. */
export interface AuditCheck {
  repository: string
  entries: number
  /** Entries that were moved into files, by the word of the log itself. */
  archived: number
  /** The first entry that does not follow from the one before it. */
  broken?: {
    id: number | null
    why: 'changed' | 'missing before it' | 'missing at the end' | 'missing at the beginning'
  }
}

/** Every entry of a repository, oldest first, in pages. */
export async function* auditEntries(
  db: Database,
  repositoryId: number,
  { since, until }: { since?: Date | undefined; until?: Date | undefined } = {},
): AsyncGenerator<AuditRow> {
  let last = 0
  for (;;) {
    const rows = await db
      .select()
      .from(auditLog)
      .where(and(eq(auditLog.repositoryId, repositoryId), gt(auditLog.id, last)))
      .orderBy(asc(auditLog.id))
      .limit(page)
    for (const row of rows) if (!(since && row.at < since) && !(until && row.at >= until)) yield row
    const end = rows.at(-1)
    if (!end || rows.length < page) return
    last = end.id
  }
}

/** All repositories that have a log, also those that are no longer served. */
export async function auditedRepositories(db: Database) {
  const columns = { id: repositories.id, fullName: repositories.fullName, head: repositories.auditHash }
  return db.select(columns).from(repositories).orderBy(asc(repositories.id))
}

/** Follows the chain of each repository from its beginning to its end. */
export async function checkAuditLog(db: Database): Promise<AuditCheck[]> {
  const checks: AuditCheck[] = []
  for (const { id, fullName, head } of await auditedRepositories(db)) {
    checks.push({ repository: fullName, ...(await checkChain(auditEntries(db, id), head ?? '')) })
  }
  return checks
}

async function checkChain(entries: AsyncIterable<AuditRow>, head: string): Promise<Omit<AuditCheck, 'repository'>> {
  let count = 0
  let before: string | undefined
  let begins = ''
  let moved = 0
  /** What archives have the chain begin with. */
  const begunBy = new Set([''])
  for await (const entry of entries) {
    count++
    if (before === undefined) begins = entry.previousHash
    const broken = brokenAt(entry, before)
    if (broken) return { entries: count, archived: moved, broken }
    before = entry.hash
    const record = archiveIn(entry)
    if (!record) continue
    begunBy.add(record.lastHash)
    moved += record.entries
  }
  const tail = { entries: count, archived: moved }
  if (!begunBy.has(begins)) return { ...tail, broken: { id: null, why: 'missing at the beginning' } }
  return (before ?? '') === head ? tail : { ...tail, broken: { id: null, why: 'missing at the end' } }
}

function brokenAt(entry: AuditRow, before: string | undefined): AuditCheck['broken'] {
  if (hashOfEntry(entry) !== entry.hash) return { id: entry.id, why: 'changed' }
  return before === undefined || entry.previousHash === before ? undefined : { id: entry.id, why: 'missing before it' }
}

/** What the log says about a part of itself that was moved into a file. */
export interface ArchiveRecord {
  repositoryId: number
  file: string
  entries: number
  /** The hash of the last entry, with which the log goes on. */
  lastHash: string
  /** SHA-256 over the hashes of all of them. */
  hashes: string
}

/** Every file that the log of this database names. Archives of archives are named inside them. */
export async function archivesNamed(db: Database): Promise<ArchiveRecord[]> {
  const rows = await db.select().from(auditLog).where(eq(auditLog.what, archived)).orderBy(asc(auditLog.id))
  return rows.flatMap((row) => archiveIn(row) ?? [])
}

function archiveIn({ repositoryId, what, actor, detail }: AuditRow): ArchiveRecord | undefined {
  if (what !== archived || actor !== 'tutti') return undefined
  const { file, entries, lastHash, hashes } = detail
  return {
    ...{ repositoryId, file: String(file), entries: Number(entries) },
    ...{ lastHash: String(lastHash), hashes: String(hashes) },
  }
}

/** One repository's part of an archive, followed from its first entry to its last. */
export class ArchivedChain {
  entries = 0
  /** The hash that the first entry follows. */
  begins = ''
  lastHash = ''
  broken: AuditCheck['broken']
  /** Archives that its entries name. */
  readonly named: ArchiveRecord[] = []
  readonly #digest = createHash('sha256')

  /** Takes the next entry. */
  add(row: AuditRow): void {
    if (this.entries === 0) this.begins = row.previousHash
    this.broken ??= brokenAt(row, this.entries === 0 ? undefined : this.lastHash)
    this.entries++
    this.lastHash = row.hash
    this.#digest.update(row.hash)
    const named = archiveIn(row)
    if (named) this.named.push(named)
  }

  /** SHA-256 over the hashes of all entries so far. */
  hashes(): string {
    return this.#digest.copy().digest('hex')
  }
}

/** The beginning of one repository's log that was copied into a file. */
export interface CopiedAudit {
  repositoryId: number
  repository: string
  entries: number
  lastId: number
  lastHash: string
  /** SHA-256 over the hashes of all of them. */
  hashes: string
}

/**
 * Copies the entries of one repository that are older than a time.
 * @returns undefined when none is so old.
 */
export async function copyOldAudit(
  db: Database,
  repository: { id: number; fullName: string },
  before: Date,
  write: (row: AuditRow) => Promise<void>,
): Promise<CopiedAudit | undefined> {
  let last: AuditRow | undefined
  let entries = 0
  const digest = createHash('sha256')
  for await (const row of auditEntries(db, repository.id)) {
    // The chain is cut at one place: times of transactions may cross by some milliseconds.
    if (row.at >= before) break
    await write(row)
    digest.update(row.hash)
    last = row
    entries++
  }
  if (!last) return undefined
  const end = { lastId: last.id, lastHash: last.hash, hashes: digest.digest('hex') }
  return { repositoryId: repository.id, repository: repository.fullName, entries, ...end }
}

/**
 * Takes copied entries out of the database; the file must be on the disk by now. That they were moved, how many there
 * were and where their chain ended is an entry of the log itself, so that what is left can still be proved.
 * @param file its name.
 */
export async function dropCopiedAudit(
  store: Pick<Store, 'transaction'>,
  copied: CopiedAudit,
  file: string,
): Promise<void> {
  const { repositoryId, repository: _, ...detail } = copied
  await store.transaction(async (tx) => {
    await tx.db.delete(auditLog).where(and(eq(auditLog.repositoryId, repositoryId), lte(auditLog.id, copied.lastId)))
    await appendAudit(tx, { repositoryId, actor: 'tutti', what: archived, detail: { ...detail, file } })
  })
}
