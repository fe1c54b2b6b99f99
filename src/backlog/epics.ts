/** Epics: roadmaps and decomposed goals. No agent builds them; they are done when what they are made of is. */

import { defaultSettings } from '../config/settings.ts'
import { want } from '../store/effects.ts'
import { partSources, unmadeOf } from '../store/epics.ts'
import { advance, type ItemRow } from '../store/items.ts'
import type { Tx } from '../store/open.ts'
import type { Known } from './known.ts'

/** An epic is done when it has parts, and all of them are closed, ended well, or were left out as the settings allow. */
export async function finishEpics(tx: Tx, known: Known): Promise<void> {
  const epics = [...known.items.values()].filter((item) => item.kind === 'epic' && item.state === 'ready')
  if (epics.length === 0) return
  const edges = Map.groupBy(known.edges, (edge) => edge.dependentId)
  for (const epic of epics) {
    const isOver = releasedIn(known, epic)
    const made = (edges.get(epic.id) ?? []).filter((edge) => partSources.some((source) => source === edge.source))
    const open = made.some((edge) => edge.blocker !== 'closed' && !isOver.has(`${edge.repository}#${edge.issueNumber}`))
    if (made.length === 0 || open || unmadeOf(epic) > 0) continue
    await advance(tx, epic, 'done', {
      actor: 'tutti',
      why: 'Everything it is made of is done.',
      set: { doneAt: new Date() },
    })
    known.items.delete(epic.id)
    const key = `close:${epic.id}`
    const payload = { issueNumber: epic.issueNumber, reason: 'completed' as const }
    await want(tx, { systemId: epic.systemId, workItemId: epic.id, key }, { kind: 'close-issue', payload })
  }
}

/** Finished items, by the name of their issue, that hold nothing back any more. */
function releasedIn({ over, systems }: Known, epic: ItemRow): Set<string> {
  const rules = { ...defaultSettings().schedule, ...systems.get(epic.systemId)?.settings?.schedule }
  const released = over.filter(
    ({ state }) => state === 'done' || ((state === 'skipped' || state === 'cancelled') && rules[state] === 'release'),
  )
  return new Set(released.map((item) => `${systems.get(item.systemId)?.fullName.toLowerCase()}#${item.issueNumber}`))
}
