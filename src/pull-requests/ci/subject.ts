/** What CI is judged about: the head of an open pull request of ours. */

import { type CiReportRow, ciReportOf, saveCiReport } from '../../db/ci.ts'
import { type PullRow, pullOfItem } from '../../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../../db/repositories.ts'
import { getItem, type ItemRow } from '../../db/work-items.ts'
import { currentMs } from '../../lib/clock.ts'
import { RetryAfter } from '../../lib/errors.ts'
import type { PullRequestContext } from '../context.ts'

/** An item on its way to review comes back after this long. */
const soonMs = 5_000

/** A head of an open pull request of ours, and what is known of CI there. */
export interface CiSubject {
  repo: RepositoryRow
  item: ItemRow
  pull: PullRow
  sha: string
  report: CiReportRow
}

/**
 * The subject of a job about CI; undefined when there is nothing to do: the head has moved, or the item is elsewhere.
 * @throws {RetryAfter} while its pull request is being opened.
 */
export async function ciSubjectOf(
  context: PullRequestContext,
  job: { workItemId: number; sha: string },
): Promise<CiSubject | undefined> {
  const { db } = context.store
  const item = await getItem(db, job.workItemId)
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!item || !repo || repo.state === 'gone') return undefined
  // CI was faster than our own note that the pull request is open.
  if (item.state === 'checking' && item.headSha === job.sha)
    throw new RetryAfter('the pull request is being opened', new Date(currentMs() + soonMs))
  const pull = await pullOfItem(db, item.id)
  if (pull?.state !== 'open' || pull.headSha !== job.sha) return undefined
  if (item.state !== 'reviewing' && item.state !== 'approved') return undefined
  const head = { workItemId: item.id, sha: job.sha }
  const known = await ciReportOf(db, item.id, job.sha)
  // Nothing was heard: GitHub is asked because no webhook came, and what it says has settled.
  const report =
    known ?? (await context.store.transaction((tx) => saveCiReport(tx, head, { lastEventAt: new Date(0) })))
  return { repo, item, pull, sha: job.sha, report }
}
