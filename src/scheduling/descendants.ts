/** What is below an epic, through the epics inside it. */

import { isPart } from '../db/epics.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type Known, nameIn } from './backlog-snapshot.ts'

export interface Below {
  /** What is to be built, each once, in the order in which the roadmaps have it. */
  tasks: ItemRow[]
  /** The names of all issues below, and the epic's own: `owner/name#12`. */
  names: Set<string>
}

/** Walks an epic down. One that stands in itself, or in two places, is walked once. */
export function below(known: Known, epic: ItemRow): Below {
  const found: Below = { tasks: [], names: new Set([known.nameOf(epic)]) }
  walk(known, epic, found)
  return found
}

function walk(known: Known, epic: ItemRow, found: Below): void {
  const parts = (known.edges.get(epic.id) ?? [])
    .filter(isPart)
    .sort((one, other) => one.position - other.position || one.id - other.id)
  for (const edge of parts) {
    const name = nameIn(edge)
    if (found.names.has(name)) continue
    found.names.add(name)
    const item = known.named(name)
    if (item?.kind === 'epic') walk(known, item, found)
    else if (item && known.items.has(item.id)) found.tasks.push(item)
  }
}
