/** What CI said, as facts: the last word of every check on a head of ours, and what followed from all of them. */

import { and, asc, eq, gt, isNotNull, lt, ne, or, sql } from 'drizzle-orm'
import type { Check } from '../domain/github.ts'
import { currentMs, currentTime } from '../lib/clock.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import type { Database, Tx } from './connect.ts'
import { checkResults, ciReports, requiredChecks } from './schema/ci.ts'

export type CheckRow = typeof checkResults.$inferSelect
export type CiReportRow = typeof ciReports.$inferSelect

/** A check as a webhook or a reading shows it. */
export type HeardCheck = Pick<Check, 'id' | 'name' | 'verdict' | 'url' | 'suiteId'>

/** How long failures are remembered: what was flaky a month ago may be mended. */
const memoryMs = 30 * 24 * 3_600_000
/** GitHub's names are short; text from outside is bounded all the same. */
const longestName = 250

/**
 * Stores the last word of checks on a commit. An older check of the same name, and the beginning of one that has ended,
 * change nothing: webhooks come in any order.
 */
export async function saveChecks(
  tx: Tx,
  at: { repositoryId: number; sha: string },
  checks: readonly HeardCheck[],
): Promise<void> {
  const set = {
    checkNumber: sql`excluded.check_number`,
    verdict: sql`excluded.verdict`,
    url: sql`excluded.url`,
    failedAt: sql`coalesce(${checkResults.failedAt}, excluded.failed_at)`,
    updatedAt: currentTime(),
  }
  const isNewer = or(
    lt(checkResults.checkNumber, sql`excluded.check_number`),
    and(eq(checkResults.checkNumber, sql`excluded.check_number`), sql`excluded.verdict <> 'pending'`),
  )
  for (const check of checks) {
    const row = { ...at, ...addressOf(check), verdict: check.verdict, url: check.url }
    await tx.db
      .insert(checkResults)
      .values({ ...row, failedAt: check.verdict === 'failure' ? currentTime() : null })
      .onConflictDoUpdate({
        target: [checkResults.repositoryId, checkResults.sha, checkResults.source, checkResults.name],
        set,
        setWhere: isNewer,
      })
  }
}

function addressOf({ id, name, suiteId }: Pick<Check, 'id' | 'name' | 'suiteId'>) {
  const source = suiteId === null ? 'status' : `suite:${suiteId}`
  return { source, name: firstCharacters(name, longestName), checkNumber: Number(id.split(':').at(-1)) }
}

/** The checks that are known of a commit, by name. */
export async function checksOf(db: Database, repositoryId: number, sha: string): Promise<CheckRow[]> {
  return db
    .select()
    .from(checkResults)
    .where(and(eq(checkResults.repositoryId, repositoryId), eq(checkResults.sha, sha)))
    .orderBy(asc(checkResults.name), asc(checkResults.id))
}

/** Names of checks of a repository that have failed and then passed on the same commit, in the last 30 days. */
export async function flakyChecks(db: Database, repositoryId: number): Promise<Set<string>> {
  const rows = await db
    .selectDistinct({ name: checkResults.name })
    .from(checkResults)
    .where(
      and(
        eq(checkResults.repositoryId, repositoryId),
        isNotNull(checkResults.failedAt),
        eq(checkResults.verdict, 'success'),
        gt(checkResults.updatedAt, new Date(currentMs() - memoryMs)),
      ),
    )
  return new Set(rows.map((row) => row.name))
}

/** Forgets checks that are older than anything asks about. */
export async function forgetOldChecks(tx: Tx): Promise<void> {
  await tx.db.delete(checkResults).where(lt(checkResults.updatedAt, new Date(currentMs() - memoryMs)))
}

/** The excerpt that was fetched for a failed check before; undefined when there is none of this very run of it. */
export async function excerptOf(
  db: Database,
  at: { repositoryId: number; sha: string },
  check: Pick<Check, 'id' | 'name' | 'suiteId'>,
): Promise<string | undefined> {
  const { checkNumber } = addressOf(check)
  const [row] = await db
    .select({ excerpt: checkResults.excerpt })
    .from(checkResults)
    .where(and(isCheck(at, check), eq(checkResults.excerptOf, checkNumber)))
  return row?.excerpt ?? undefined
}

/** Keeps the excerpt of a failed check, so that it is fetched once. */
export async function saveExcerpt(
  db: Database,
  at: { repositoryId: number; sha: string },
  check: Pick<Check, 'id' | 'name' | 'suiteId'>,
  excerpt: string,
): Promise<void> {
  const { checkNumber } = addressOf(check)
  await db.update(checkResults).set({ excerpt, excerptOf: checkNumber }).where(isCheck(at, check))
}

function isCheck(at: { repositoryId: number; sha: string }, check: Pick<Check, 'id' | 'name' | 'suiteId'>) {
  const { source, name } = addressOf(check)
  return and(
    eq(checkResults.repositoryId, at.repositoryId),
    eq(checkResults.sha, at.sha),
    eq(checkResults.source, source),
    eq(checkResults.name, name),
  )
}

/** What CI said about one head of an item as a whole; undefined before anything was heard. */
export async function ciReportOf(db: Database, workItemId: number, sha: string): Promise<CiReportRow | undefined> {
  const [row] = await db
    .select()
    .from(ciReports)
    .where(and(eq(ciReports.workItemId, workItemId), eq(ciReports.sha, sha)))
  return row
}

/** Writes to the report about a head; made when there is none. */
export async function saveCiReport(
  tx: Tx,
  head: { workItemId: number; sha: string },
  set: Partial<Omit<CiReportRow, 'id' | 'workItemId' | 'sha'>>,
): Promise<CiReportRow> {
  const [row] = await tx.db
    .insert(ciReports)
    .values({ ...head, ...set })
    .onConflictDoUpdate({ target: [ciReports.workItemId, ciReports.sha], set: { ...head, ...set } })
    .returning()
  if (!row) throw new Error('the report of CI was not stored')
  return row
}

/** The earlier heads of an item that CI has sent back, oldest first, since a person last said `/retry`. */
export async function ciRoundsOf(db: Database, workItemId: number, exceptSha = ''): Promise<CiReportRow[]> {
  return db
    .select()
    .from(ciReports)
    .where(
      and(
        eq(ciReports.workItemId, workItemId),
        eq(ciReports.step, 'fix'),
        eq(ciReports.counts, true),
        ne(ciReports.sha, exceptSha),
      ),
    )
    .orderBy(asc(ciReports.id))
}

/** A person has said `/retry`: what CI sent back before no longer counts. */
export async function forgiveCiRounds(tx: Tx, workItemId: number): Promise<void> {
  await tx.db.update(ciReports).set({ counts: false }).where(eq(ciReports.workItemId, workItemId))
}

/** How long the required checks of a branch are taken as they were read. */
const rulesMs = 3_600_000

/** The required checks of a branch as read in the last hour; undefined when they must be asked for. */
export async function knownRequiredChecks(
  db: Database,
  repositoryId: number,
  branch: string,
): Promise<string[] | undefined> {
  const [row] = await db
    .select({ names: requiredChecks.names })
    .from(requiredChecks)
    .where(
      and(
        eq(requiredChecks.repositoryId, repositoryId),
        eq(requiredChecks.branch, branch),
        gt(requiredChecks.readAt, new Date(currentMs() - rulesMs)),
      ),
    )
  return row?.names
}

/** Keeps the required checks of a branch. */
export async function saveRequiredChecks(
  db: Database,
  repositoryId: number,
  branch: string,
  names: string[],
): Promise<void> {
  const row = { repositoryId, branch, names, readAt: currentTime() }
  await db
    .insert(requiredChecks)
    .values(row)
    .onConflictDoUpdate({ target: [requiredChecks.repositoryId, requiredChecks.branch], set: row })
}
