/** What is below an epic, through the epics inside it. */

import { isPart } from '../db/epics.ts'
import type { ItemRow } from '../db/work-items.ts'
import { type Backlog, itemNameIn } from './backlog-snapshot.ts'

export interface Descendants {
  /** What is to be built, each once, in the order in which the roadmaps have it. */
  tasks: ItemRow[]
  /** The names of all issues below, and the epic's own: `owner/name#12`. */
  names: Set<string>
}

/** Walks an epic down. One that stands in itself, or in two places, is walked once. */
export function descendantsOf(backlog: Backlog, epic: ItemRow): Descendants {
  const found: Descendants = { tasks: [], names: new Set([backlog.nameOf(epic)]) }
  walk(backlog, epic, found)
  return found
}

function walk(backlog: Backlog, epic: ItemRow, found: Descendants): void {
  const parts = (backlog.edges.get(epic.id) ?? [])
    .filter(isPart)
    .sort((one, other) => one.position - other.position || one.id - other.id)
  for (const edge of parts) {
    const name = itemNameIn(edge)
    if (found.names.has(name)) continue
    found.names.add(name)
    const item = backlog.named(name)
    if (item?.kind === 'epic') walk(backlog, item, found)
    else if (item && backlog.items.has(item.id)) found.tasks.push(item)
  }
}
