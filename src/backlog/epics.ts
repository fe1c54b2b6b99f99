/** Epics: roadmaps and decomposed goals. No agent builds them; they are done when what they are made of is. */

import { want } from '../store/effects.ts'
import { advance, type DependencyRow } from '../store/items.ts'
import type { Tx } from '../store/open.ts'
import type { Known } from './known.ts'

/** Edges that name what an epic is made of, not what it waits for. */
const parts: readonly DependencyRow['source'][] = ['sub-issue', 'task-list', 'roadmap', 'plan']

/** An epic is done when it has parts and all of them are closed, or are items that ended well. */
export async function finishEpics(tx: Tx, known: Known): Promise<void> {
  for (const epic of known.items.values()) {
    if (epic.kind !== 'epic' || epic.state !== 'ready') continue
    const made = known.edges.filter((edge) => edge.dependentId === epic.id && parts.includes(edge.source))
    if (made.length === 0 || made.some((edge) => edge.blocker !== 'closed')) continue
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
