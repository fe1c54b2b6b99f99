/** Queues an issue: for its label, for `/queue`, or because the reconcile found it. */

import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { resetRounds } from '../db/plans.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { addWorkItem, type ItemRow, itemOfIssue, transition } from '../db/work-items.ts'
import { isEpicIssue, labelFacts } from '../domain/labels.ts'
import { defaultWorkflow } from '../domain/workflows.ts'
import { queuedAgain } from '../messages/issues.ts'

/** The facts of an issue at the moment of the request. */
export interface IssueToQueue {
  number: number
  title: string
  body: string
  url: string
  labels: readonly string[]
  /** As in domain/github.ts. */
  nativeBlockers?: number | null
  openParts?: number | null
}

/** See `enqueueIssue`. */
interface QueueRequest {
  repo: RepositoryRow
  settings: Settings
  issue: IssueToQueue
  actor: { id: number; login: string }
  lastRunId?: number
  epic?: boolean
  muted?: boolean
}

/**
 * Creates the work item of an issue, or queues it again when it is finished or held. It takes the text as it is now, and
 * earlier attempts no longer count. Any other item stays as it is.
 * @param request.lastRunId the newest run of a known item; attempts up to it no longer count.
 * @param request.epic makes it an epic even when nothing in the issue says so.
 * @param request.muted whether the status comment waits until there is something to report.
 */
export async function enqueueIssue(
  tx: Tx,
  request: QueueRequest,
): Promise<{ item: ItemRow; happened: 'queued' | 'queued again' | 'nothing' }> {
  const { repo, settings, issue, actor } = request
  const facts = factsOf(request)
  const { module, loop } = labelFacts(issue.labels)
  // The number is always in it: two issues of one module must not share a branch.
  const name = `${module ?? 'issue'}-${issue.number}`
  const added = await addWorkItem(
    tx,
    {
      ...facts,
      repositoryId: repo.id,
      issueNumber: issue.number,
      state: 'queued',
      ...(loop ? { loop } : {}),
      module: name,
      branch: `${settings.branches.prefix}${name}`,
    },
    actor.login,
  )
  if (added) return { item: added, happened: 'queued' }
  const known = await itemOfIssue(tx.db, repo.id, issue.number)
  if (!known) throw new Error(`the item of issue ${issue.number} was not stored: its branch belongs to another item`)
  if (!mayQueueAgain(known)) return { item: known, happened: 'nothing' }
  const fresh = {
    ...facts,
    loop: loop ?? defaultWorkflow,
    routing: null,
    bestOf: null,
    plannedHours: null,
    epic: null,
    doneAt: null,
    bodyDigest: null,
    ...(await resetRounds(tx.db, known.id)),
  }
  const freshSince = request.lastRunId ?? known.freshSince
  const item = await transition(tx, known, 'queued', {
    actor: actor.login,
    why: queuedAgain(actor.login),
    set: { ...fresh, freshSince, headSha: null, protectedAllowedSha: null, reply: null, oldReply: null },
  })
  return { item, happened: 'queued again' }
}

/** The facts of the issue, the labels and the requester, for a new item as well as for a known one. */
function factsOf({ repo, settings, issue, actor, ...request }: QueueRequest) {
  const kind: ItemRow['kind'] = request.epic || isEpicIssue(issue, settings) ? 'epic' : 'task'
  const { priority, effort } = labelFacts(issue.labels)
  return {
    title: issue.title,
    body: issue.body,
    url: issue.url,
    kind,
    muted: request.muted === true && kind === 'task',
    requestedBy: actor.login,
    requestedById: actor.id,
    labels: [...issue.labels],
    priority,
    effort,
    nativeBlockers: issue.nativeBlockers ?? null,
    baseBranch: settings.branches.base ?? repo.defaultBranch,
  }
}

function mayQueueAgain(item: ItemRow): boolean {
  return ['held', 'skipped', 'cancelled', 'done'].includes(item.state)
}
