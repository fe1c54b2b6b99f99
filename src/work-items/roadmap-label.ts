/** The label of roadmaps was put on an issue that is queued already, or taken off one that keeps the other label. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { becomeEpic, partsOf } from '../db/epics.ts'
import { firstTime } from '../db/idempotency-keys.ts'
import { settingsOf } from '../db/repositories.ts'
import { workItems } from '../db/schema/core.ts'
import { advance, type ItemRow, lockItem, type SystemRow } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import { hasLabel } from '../domain/labels.ts'
import { isFinished } from '../domain/lifecycle.ts'
import { mayWrite } from '../github/permissions.ts'
import { hearOf, type IssueSeen, labelSeen } from './issue-snapshot.ts'
import type { Services } from './services.ts'

/** An issue that carries a label which queues it, and has an item that is on its way. */
interface Labelled extends IssueSeen {
  system: SystemRow
  item: ItemRow
}

/** @returns undefined when the labels change nothing. */
export async function labelledAgain(parts: Services, seen: Labelled): Promise<EventOutcome | undefined> {
  const { system, item, issue, sender } = seen
  const { roadmap } = settingsOf(system)
  const [was, is] = [hasLabel(item.labels, roadmap.label), hasLabel(issue.labels, roadmap.label)]
  const asked = item.quiet && seen.how === 'labelled'
  if ((was === is && !asked) || isFinished(item)) return undefined
  if (!(await mayWrite(parts, system, sender))) return ignored(`${sender.login} may not write here`)
  return parts.store.transaction(async (tx) => {
    await hearOf(tx, seen)
    await firstTime(tx, labelSeen(system.id, issue.number))
    const current = await lockItem(tx, item.id)
    if (!current || isFinished(current)) return ignored('nothing is under way')
    const set = { labels: [...issue.labels], quiet: false, epic: null }
    const [row] = await tx.db.update(workItems).set(set).where(eq(workItems.id, item.id)).returning()
    if (!row || was === is) return done('it was asked for by itself as well')
    return is ? becomeRoadmap(tx, row, seen) : stopBeingOne(tx, row, seen)
  })
}

async function becomeRoadmap(tx: Tx, item: ItemRow, { issue, sender }: Labelled): Promise<EventOutcome> {
  const epic = await becomeEpic(tx, item, sender.login)
  if (!epic) return ignored('an agent has worked on the issue itself')
  // Whoever makes it a roadmap stands for the text as it is now.
  const set = { title: issue.title, body: issue.body, requestedBy: sender.login, requestedById: sender.id }
  await tx.db.update(workItems).set(set).where(eq(workItems.id, epic.id))
  if (epic.state !== 'queued') await tx.enqueue({ queue: 'roadmap', workItemId: epic.id, from: 'issue' })
  return done('it is a roadmap now')
}

/** Without parts it is an issue like others. */
async function stopBeingOne(tx: Tx, item: ItemRow, { issue, sender }: Labelled): Promise<EventOutcome> {
  if (item.kind !== 'epic') return done('it was never one')
  if ((issue.openParts ?? 0) > 0 || (await partsOf(tx.db, item.id)).some((part) => part.blocker !== 'closed')) {
    return done('it keeps its parts')
  }
  await tx.db.update(workItems).set({ kind: 'task' }).where(eq(workItems.id, item.id))
  if (item.state === 'queued') return done('it is a task again')
  const why = `The label of a roadmap was taken off by ${sender.login}.`
  await advance(tx, { ...item, kind: 'task' }, 'queued', { actor: sender.login, why })
  return done('it is a task again')
}
