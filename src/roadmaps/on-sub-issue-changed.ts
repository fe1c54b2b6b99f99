/** A sub-issue was added to an issue, or removed. */

import { removeEdge } from '../db/dependencies.ts'
import { addPart, becomeEpic, notQueuedKey } from '../db/epics.ts'
import { claimKey, releaseKey } from '../db/idempotency-keys.ts'
import { repositoryByGithubId } from '../db/repositories.ts'
import { getItem, itemOfIssue, lockItem } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { SubIssueChanged } from '../domain/events.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { mayWrite } from '../github/permissions.ts'
import type { Services } from '../work-items/services.ts'

/**
 * Acts on `sub_issues`. GitHub lets people with triage permission link sub-issues, and that permission starts no work: a
 * part that one of them adds is stored, and waited for, but not queued.
 */
export async function onSubIssueChanged(services: Services, event: SubIssueChanged): Promise<EventOutcome> {
  const { repository, part, change, sender } = event
  const repo = await repositoryByGithubId(services.store.db, repository.githubId)
  const item = repo && (await itemOfIssue(services.store.db, repo.id, event.parent.number))
  if (!repo || !item || isTerminal(item)) return ignored('nothing is under way')
  const edge = { repository: part.repository, issueNumber: part.issue.number }
  if (change === 'removed') {
    if (item.kind !== 'epic') return ignored('not a roadmap')
    await services.store.transaction(async (tx) => {
      await removeEdge(tx, item.id, 'sub-issue', edge)
      await releaseKey(tx, notQueuedKey(item.id, edge))
      await tx.enqueue({ queue: 'sync-roadmap', workItemId: item.id, from: 'issue' })
    })
    return done('a part was taken away')
  }
  const allowed = await mayWrite(services, repo, sender)
  if (item.kind !== 'epic' && !allowed) return ignored(`${sender.login} may not write here`)
  return services.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    const epic = current && !isTerminal(current) ? await becomeEpic(tx, current, sender.login) : undefined
    if (!epic) return ignored('an agent has worked on the issue itself')
    await addPart(tx, epic.id, 'sub-issue', { ...edge, position: 0, heading: '', blocker: part.issue.state })
    // The reconcile may have seen it before this event named the person who added it.
    if (allowed) await releaseKey(tx, notQueuedKey(epic.id, edge))
    else await claimKey(tx, notQueuedKey(epic.id, edge))
    const now = await getItem(tx.db, epic.id)
    if (now?.state !== 'queued') await tx.enqueue({ queue: 'sync-roadmap', workItemId: epic.id, from: 'issue' })
    return done(allowed ? 'a part was added' : `a part was added by ${sender.login}, who may not write here`)
  })
}
