/** Finishes epics (roadmaps and split goals). No agent builds an epic; it is done when its parts are. */

import { defaultSettings } from '../config/settings.ts'
import { announcePhase, lastPhases } from '../db/announcements.ts'
import type { Tx } from '../db/connect.ts'
import type { DependencyRow } from '../db/dependencies.ts'
import { isPart, linesWithoutIssue } from '../db/epics.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { phaseLine } from '../domain/phases.ts'
import { currentTime } from '../lib/clock.ts'
import { orchestrationReport } from '../messages/report.ts'
import { reportOfEpic } from '../views/report.ts'
import { type Backlog, itemNameIn } from './backlog-snapshot.ts'

/**
 * Finishes every changed epic that has parts, all of which are closed, done, or skipped or cancelled as the settings
 * allow.
 * @param changed the items that may have changed since the last pass.
 */
export async function finishEpics(tx: Tx, backlog: Backlog, changed: ReadonlySet<number>): Promise<void> {
  for (const id of [...backlog.epics].filter((id) => changed.has(id))) {
    const epic = backlog.items.get(id)
    if (epic?.state !== 'ready' || linesWithoutIssue(epic) > 0) continue
    const parts = (backlog.edges.get(id) ?? []).filter(isPart)
    if (parts.length === 0 || parts.some((edge) => edge.blocker !== 'closed' && !isPartFinished(backlog, epic, edge)))
      continue
    await transition(tx, epic, 'done', {
      actor: 'tutti',
      why: 'Everything it is made of is done.',
      set: { doneAt: currentTime() },
    })
    const key = `close:${epic.id}`
    const payload = { issueNumber: epic.issueNumber, reason: 'completed' as const }
    await enqueueEffect(
      tx,
      { repositoryId: epic.repositoryId, workItemId: epic.id, key },
      { kind: 'close-issue', payload },
    )
    await announceEnd(tx, epic)
    await report(tx, epic)
  }
}

/** A roadmap that people have worked off without any agent has had no phases before. */
async function announceEnd(tx: Tx, epic: ItemRow): Promise<void> {
  const last = await lastPhases(tx.db, [epic.id])
  if (last.has(epic.id)) await announcePhase(tx, epic, { phase: 5, state: 'Complete' })
  await announcePhase(tx, epic, { phase: 6, state: 'Complete' })
}

/** Posts the final report, once for each time that the epic is finished. */
async function report(tx: Tx, epic: ItemRow): Promise<void> {
  const body = [phaseLine({ phase: 6, state: 'Complete' }), orchestrationReport(await reportOfEpic(tx.db, epic))]
  await enqueueEffect(
    tx,
    { repositoryId: epic.repositoryId, workItemId: epic.id, key: `report:${epic.id}` },
    { kind: 'comment', payload: { issueNumber: epic.issueNumber, body: body.join('\n\n') } },
  )
}

/** Whether the part that the edge names is finished and does not block the epic. */
function isPartFinished(backlog: Backlog, epic: ItemRow, edge: DependencyRow): boolean {
  const part = backlog.finished(itemNameIn(edge))
  if (part?.state === 'done') return true
  const rules = { ...defaultSettings().schedule, ...backlog.repos.get(epic.repositoryId)?.settings?.schedule }
  return (part?.state === 'skipped' || part?.state === 'cancelled') && rules[part.state] === 'release'
}
