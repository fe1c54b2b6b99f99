/** The roadmap label was put on an issue that has an item already, or taken off one that keeps the other label. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { becomeEpic, partsOf } from '../db/epics.ts'
import { claimKey } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import { hasLabel } from '../domain/labels.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { mayWrite } from '../github/permissions.ts'
import { roadmapLabelRemoved } from '../messages/triage.ts'
import { labelSeenKey, type ObservedIssue, recordIssueTime } from './issue-snapshot.ts'
import type { Services } from './services.ts'

/** An issue with a label that queues it, and its item. */
interface Labelled extends ObservedIssue {
  repo: RepositoryRow
  item: ItemRow
}

/** @returns undefined when the labels change nothing. */
export async function onRoadmapLabel(services: Services, seen: Labelled): Promise<EventOutcome | undefined> {
  const { repo, item, issue, sender } = seen
  const { roadmap } = settingsOf(repo)
  const [was, is] = [hasLabel(item.labels, roadmap.label), hasLabel(issue.labels, roadmap.label)]
  const asked = item.muted && seen.how === 'labelled'
  if ((was === is && !asked) || isTerminal(item)) return undefined
  if (!(await mayWrite(services, repo, sender))) return ignored(`${sender.login} may not write here`)
  return services.store.transaction(async (tx) => {
    await recordIssueTime(tx, seen)
    await claimKey(tx, labelSeenKey(repo.id, issue.number))
    const current = await lockItem(tx, item.id)
    if (!current || isTerminal(current)) return ignored('nothing is under way')
    const set = { labels: [...issue.labels], muted: false, epic: null }
    const [row] = await tx.db.update(workItems).set(set).where(eq(workItems.id, item.id)).returning()
    if (!row || was === is) return done('it was asked for by itself as well')
    return is ? becomeRoadmap(tx, row, seen) : stopBeingRoadmap(tx, row, seen)
  })
}

async function becomeRoadmap(tx: Tx, item: ItemRow, { issue, sender }: Labelled): Promise<EventOutcome> {
  const epic = await becomeEpic(tx, item, sender.login)
  if (!epic) return ignored('an agent has worked on the issue itself')
  // The person who makes it a roadmap has approved the text as it is now.
  const set = { title: issue.title, body: issue.body, requestedBy: sender.login, requestedById: sender.id }
  await tx.db.update(workItems).set(set).where(eq(workItems.id, epic.id))
  if (epic.state !== 'queued') await tx.enqueue({ queue: 'sync-roadmap', workItemId: epic.id, from: 'issue' })
  return done('it is a roadmap now')
}

/** An epic without parts becomes a task. */
async function stopBeingRoadmap(tx: Tx, item: ItemRow, { issue, sender }: Labelled): Promise<EventOutcome> {
  if (item.kind !== 'epic') return done('it was never one')
  if ((issue.openParts ?? 0) > 0 || (await partsOf(tx.db, item.id)).some((part) => part.blocker !== 'closed')) {
    return done('it keeps its parts')
  }
  await tx.db.update(workItems).set({ kind: 'task' }).where(eq(workItems.id, item.id))
  if (item.state === 'queued') return done('it is a task again')
  const why = roadmapLabelRemoved(sender.login)
  await transition(tx, { ...item, kind: 'task' }, 'queued', { actor: sender.login, why })
  return done('it is a task again')
}
