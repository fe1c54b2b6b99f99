/** An item that a person has given to a member of the crew waits while that member is at work on another one. */

import type { Edge } from '../scheduler/types.ts'
import type { Backlog } from './backlog-snapshot.ts'

/** The edges to the items at which members are at work, by the item that waits for its member. Pure. */
export function memberEdges(backlog: Backlog): Map<number, Edge[]> {
  const edges = new Map<number, Edge[]>()
  if (backlog.givenTo.size === 0) return edges
  const busy = new Map(
    backlog.runs.flatMap(({ run, item }) =>
      run.memberId === null || run.stage === 'gates' ? [] : [[run.memberId, item] as const],
    ),
  )
  for (const id of backlog.givenTo) {
    const item = backlog.items.get(id)
    const other = item?.state === 'ready' && item.memberId !== null ? busy.get(item.memberId) : undefined
    if (!item || !other || other.id === id) continue
    const blocker = { kind: 'outside' as const, reference: backlog.nameOf(other), state: 'open' as const }
    edges.set(item.id, [{ item: String(item.id), blocker, source: 'member' }])
  }
  return edges
}
