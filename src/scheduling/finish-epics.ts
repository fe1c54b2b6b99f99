/** Epics: roadmaps and decomposed goals. No agent builds them; they are done when what they are made of is. */

import { defaultSettings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { isPart, unmadeOf } from '../db/epics.ts'
import { want } from '../db/outbox.ts'
import { advance, type DependencyRow, type ItemRow } from '../db/work-items.ts'
import { type Known, nameIn } from './backlog-snapshot.ts'

/**
 * An epic is done when it has parts, and all of them are closed, ended well, or were left out as the settings allow.
 * @param changed the items that something else may be true of than at the last look.
 */
export async function finishEpics(tx: Tx, known: Known, changed: ReadonlySet<number>): Promise<void> {
  for (const id of [...known.epics].filter((id) => changed.has(id))) {
    const epic = known.items.get(id)
    if (epic?.state !== 'ready' || unmadeOf(epic) > 0) continue
    const parts = (known.edges.get(id) ?? []).filter(isPart)
    if (parts.length === 0 || parts.some((edge) => edge.blocker !== 'closed' && !isOver(known, epic, edge))) continue
    await advance(tx, epic, 'done', {
      actor: 'tutti',
      why: 'Everything it is made of is done.',
      set: { doneAt: new Date() },
    })
    const key = `close:${epic.id}`
    const payload = { issueNumber: epic.issueNumber, reason: 'completed' as const }
    await want(tx, { systemId: epic.systemId, workItemId: epic.id, key }, { kind: 'close-issue', payload })
  }
}

/** Whether the item behind the edge is finished and holds nothing back any more. */
function isOver(known: Known, epic: ItemRow, edge: DependencyRow): boolean {
  const part = known.finished(nameIn(edge))
  if (part?.state === 'done') return true
  const rules = { ...defaultSettings().schedule, ...known.systems.get(epic.systemId)?.settings?.schedule }
  return (part?.state === 'skipped' || part?.state === 'cancelled') && rules[part.state] === 'release'
}
