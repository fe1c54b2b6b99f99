/** A check of a commit has ended: it is noted, and CI is judged once it has settled. */

import { and, eq } from 'drizzle-orm'
import { appendAudit } from '../../db/audit-log.ts'
import { checksOf, ciReportOf, saveChecks, saveCiReport } from '../../db/ci.ts'
import type { Tx } from '../../db/connect.ts'
import { claimKey } from '../../db/idempotency-keys.ts'
import type { PullRow } from '../../db/pull-requests.ts'
import { type RepositoryRow, repositoryByGithubId } from '../../db/repositories.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import { pullRequests } from '../../db/schema/pull-requests.ts'
import { workItems } from '../../db/schema/work-items.ts'
import { getItem, type ItemRow } from '../../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../../domain/event-outcome.ts'
import type { CheckCompleted } from '../../domain/events.ts'
import { currentMs, currentTime } from '../../lib/clock.ts'
import type { Services } from '../../work-items/services.ts'

/** Acts on `check_run`, `check_suite` and `status`. A merge that waits for them is considered again. */
export async function onCheckCompleted(services: Services, event: CheckCompleted): Promise<EventOutcome> {
  const repo = await repositoryByGithubId(services.store.db, event.repository.githubId)
  if (!repo || repo.state === 'gone') return ignored('the repository is not worked on')
  return services.store.transaction(async (tx) => {
    const pulls = await openPullsAt(tx, repo, event.sha)
    const items = await itemsAt(tx, repo, event.sha, pulls)
    if (items.length === 0) return ignored('not the head of a pull request of ours')
    if (!(await claimKey(tx, `check:${repo.id}:${event.id}:${event.verdict}`))) return ignored('known before')
    if (!event.isSuite) await saveChecks(tx, { repositoryId: repo.id, sha: event.sha }, [event])
    const notes: string[] = []
    for (const item of items) {
      const pull = pulls.find(({ workItemId }) => workItemId === item.id)?.number
      notes.push(...(await noteCheck(tx, repo, item, { ...event, pull })))
    }
    for (const pull of pulls) {
      if (pull.mergeSha !== event.sha && settingsOf(repo).merge.when !== 'approved') continue
      await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id })
      notes.push(`#${pull.number}: the merge is looked at`)
    }
    return done(notes.join('; ') || 'noted')
  })
}

function openPullsAt(tx: Tx, repo: RepositoryRow, sha: string): Promise<PullRow[]> {
  const { repositoryId, headSha, state } = pullRequests
  return tx.db
    .select()
    .from(pullRequests)
    .where(and(eq(repositoryId, repo.id), eq(headSha, sha), eq(state, 'open')))
}

/** CI may be faster than our own note that the pull request is open: its item is known by the commit then. */
async function itemsAt(tx: Tx, repo: RepositoryRow, sha: string, pulls: readonly PullRow[]): Promise<ItemRow[]> {
  const known = await Promise.all(pulls.map((pull) => getItem(tx.db, pull.workItemId)))
  if (known.length > 0) return known.filter((item) => item !== undefined)
  const { repositoryId, headSha, state } = workItems
  return tx.db
    .select()
    .from(workItems)
    .where(and(eq(repositoryId, repo.id), eq(headSha, sha), eq(state, 'checking')))
}

/** Notes that CI has spoken, and has it judged when something has failed. */
async function noteCheck(
  tx: Tx,
  repo: RepositoryRow,
  item: ItemRow,
  event: CheckCompleted & { pull: number | undefined },
): Promise<string[]> {
  const { sha, verdict } = event
  const before = await ciReportOf(tx.db, item.id, sha)
  await saveCiReport(tx, { workItemId: item.id, sha }, { lastEventAt: currentTime() })
  const failed = verdict === 'failure'
  if (failed && !event.isSuite) {
    const detail = { check: event.name, sha, pull: event.pull ?? null }
    const entry = { repositoryId: repo.id, workItemId: item.id, actor: 'github', what: 'check failed', detail }
    await appendAudit(tx, entry)
  }
  // A rerun that has begun makes a red head pending; its end has to be read as well, or people read of the rerun for ever.
  const isActedUpon = before !== undefined && (before.verdict === 'red' || before.step !== 'none')
  const isRed = failed || isActedUpon || (await anyFailed(tx, repo, sha))
  if (!isRed) return []
  // A suite says that all of its checks have ended; after a single one, others may follow at once.
  if (event.isSuite) await tx.enqueue({ queue: 'read-checks', workItemId: item.id, sha, now: true })
  else await tx.enqueue({ queue: 'read-checks', workItemId: item.id, sha }, { after: settleTime(repo) })
  return [failed ? `${event.name} failed` : 'CI is read again']
}

async function anyFailed(tx: Tx, repo: RepositoryRow, sha: string): Promise<boolean> {
  return (await checksOf(tx.db, repo.id, sha)).some((check) => check.verdict === 'failure')
}

/** When CI counts as silent after what it said now. */
export function settleTime(repo: RepositoryRow): Date {
  return new Date(currentMs() + settingsOf(repo).ci.settleSeconds * 1_000)
}
