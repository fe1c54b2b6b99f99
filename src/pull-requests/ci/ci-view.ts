/** Gathers what people read about CI on the head of an item. */

import { checksOf, ciReportOf, ciRoundsOf } from '../../db/ci.ts'
import type { Database } from '../../db/connect.ts'
import type { RepositoryRow } from '../../db/repositories.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import type { ItemRow } from '../../db/work-items.ts'
import type { CiView } from '../../messages/ci.ts'

/** The states in which CI on the newest head says something about the item. */
const shown: readonly ItemRow['state'][] = [
  'ready',
  'running',
  'checking',
  'reviewing',
  'approved',
  'merging',
  'paused',
  'held',
]

/** CI on the newest head of an item; null while nothing was heard of it. */
export async function ciViewOf(db: Database, item: ItemRow, repo: RepositoryRow | undefined): Promise<CiView | null> {
  const sha = item.headSha
  if (!sha || !shown.includes(item.state)) return null
  const checks = await checksOf(db, item.repositoryId, sha)
  const report = await ciReportOf(db, item.id, sha)
  const count = (verdict: string) => checks.filter((check) => check.verdict === verdict).length
  const failed = checks.filter((check) => check.verdict === 'failure').map((check) => check.name)
  return {
    green: count('success') + count('neutral'),
    total: checks.length,
    failed: [...new Set(failed)],
    pending: count('pending'),
    step: report?.step ?? 'none',
    round: (await ciRoundsOf(db, item.id)).length,
    rounds: settingsOf(repo).limits.retries,
    logTail: report?.logTail ?? '',
  }
}
