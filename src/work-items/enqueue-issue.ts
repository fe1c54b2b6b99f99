/** An issue is wanted: by its label, by `/queue`, or found by the reconcile. All of them come here. */

import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { resetRounds } from '../db/plans.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { addWorkItem, type ItemRow, itemOfIssue, transition } from '../db/work-items.ts'
import { isEpicIssue, labelFacts } from '../domain/labels.ts'
import { defaultWorkflow } from '../domain/workflows.ts'

/** What is taken from an issue, as it is at the moment of the request. */
export interface IssueToQueue {
  number: number
  title: string
  body: string
  url: string
  labels: readonly string[]
  /** As in github/types.ts. */
  nativeBlockers?: number | null
  openParts?: number | null
}

/**
 * Makes the work item of an issue, or queues it again when it is finished or held. The text is taken as it is now, and
 * earlier attempts no longer count. Any other item stays as it is.
 * @param request.lastRunId the newest run of a known item; attempts up to it are forgiven.
 * @param request.epic makes it an epic even when nothing in the issue says so.
 * @param request.muted whether nothing is said on the issue before there is something to tell.
 */
export async function enqueueIssue(
  tx: Tx,
  request: {
    repo: RepositoryRow
    settings: Settings
    issue: IssueToQueue
    actor: { id: number; login: string }
    lastRunId?: number
    epic?: boolean
    muted?: boolean
  },
): Promise<{ item: ItemRow; happened: 'queued' | 'queued again' | 'nothing' }> {
  const { repo, settings, issue, actor } = request
  const kind: ItemRow['kind'] = request.epic || isEpicIssue(issue, settings) ? 'epic' : 'task'
  const text = {
    title: issue.title,
    body: issue.body,
    url: issue.url,
    kind,
    muted: request.muted === true && kind === 'task',
  }
  const by = { requestedBy: actor.login, requestedById: actor.id }
  const { module, priority, effort, loop } = labelFacts(issue.labels)
  // The number is always in it: two issues of one module must not share a branch.
  const name = `${module ?? 'issue'}-${issue.number}`
  const baseBranch = settings.branches.base ?? repo.defaultBranch
  const added = await addWorkItem(
    tx,
    {
      ...text,
      ...by,
      repositoryId: repo.id,
      issueNumber: issue.number,
      state: 'queued',
      priority,
      effort,
      labels: [...issue.labels],
      nativeBlockers: issue.nativeBlockers ?? null,
      ...(loop ? { loop } : {}),
      module: name,
      branch: `${settings.branches.prefix}${name}`,
      baseBranch,
    },
    actor.login,
  )
  if (added) return { item: added, happened: 'queued' }
  const known = await itemOfIssue(tx.db, repo.id, issue.number)
  if (!known) throw new Error(`the item of issue ${issue.number} was not stored: its branch belongs to another item`)
  if (!mayQueueAgain(known)) return { item: known, happened: 'nothing' }
  const labels = [...issue.labels]
  const fresh = {
    ...text,
    ...by,
    labels,
    priority,
    effort,
    loop: loop ?? defaultWorkflow,
    baseBranch,
    routing: null,
    plannedHours: null,
    nativeBlockers: issue.nativeBlockers ?? null,
    epic: null,
    doneAt: null,
    bodyDigest: null,
    ...(await resetRounds(tx.db, known.id)),
  }
  const freshSince = request.lastRunId ?? known.freshSince
  const item = await transition(tx, known, 'queued', {
    actor: actor.login,
    why: `Queued again by ${actor.login}.`,
    set: { ...fresh, freshSince, headSha: null, protectedAllowedSha: null, reply: null },
  })
  return { item, happened: 'queued again' }
}

function mayQueueAgain(item: ItemRow): boolean {
  return ['held', 'skipped', 'cancelled', 'done'].includes(item.state)
}
