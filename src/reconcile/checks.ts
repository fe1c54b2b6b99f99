/** What CI said without our hearing of it: the checks of open pull requests are read again now and then. */

import { ciReportOf } from '../db/ci.ts'
import { busyQueues } from '../db/merge-queue.ts'
import { openPullRows } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { getItem } from '../db/work-items.ts'
import { currentMs } from '../lib/clock.ts'
import type { Services } from '../work-items/services.ts'

/** What was read is taken for true for this long. */
const freshMs = 3_600_000

/** Has the checks read of every head in review that were not read in the last hour, and a merge that waits tried. */
export async function reconcileChecks({ store }: Pick<Services, 'store'>, repo: RepositoryRow): Promise<void> {
  for (const one of (await busyQueues(store.db)).filter(({ repositoryId }) => repositoryId === repo.id))
    await store.queues.send({ queue: 'advance-merge-queue', ...one })
  for (const pull of await openPullRows(store.db, repo.id)) {
    const item = await getItem(store.db, pull.workItemId)
    if (item?.state !== 'reviewing' && item?.state !== 'approved') continue
    const report = await ciReportOf(store.db, item.id, pull.headSha)
    const isFresh = report?.readAt && report.readAt.getTime() > currentMs() - freshMs
    if (!isFresh) await store.queues.send({ queue: 'read-checks', workItemId: item.id, sha: pull.headSha, now: true })
    if (item.state === 'approved' && pull.mergeSha === pull.headSha)
      await store.queues.send({ queue: 'merge-pull-request', pullRequestId: pull.id })
  }
}
