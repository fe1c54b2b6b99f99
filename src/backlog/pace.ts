/** How a roadmap is worked on: one part, some at once, one after another, or all (FEATURES E3); and not at all while it is paused. */

import { eq } from 'drizzle-orm'
import { partSources } from '../store/epics.ts'
import type { DependencyRow, ItemRow } from '../store/items.ts'
import { working } from '../store/journey.ts'
import type { Tx } from '../store/open.ts'
import { type Pace, workItems } from '../store/schema.ts'
import type { Known } from './known.ts'
import type { Edge } from './schedule/types.ts'

type Backlog = Pick<Known, 'systems' | 'items' | 'edges'>

/** The states in which a part is begun and not over: its successor in a sequence waits. */
const begun: readonly ItemRow['state'][] = [...working, 'reviewing', 'approved', 'merging']
/** The states in which an epic does not let its parts start. */
const stopped: readonly ItemRow['state'][] = ['paused', 'held']

/**
 * The edges by which roadmaps keep parts back that could start otherwise. Pure.
 * A part of two roadmaps waits for both.
 * @param held the items, by their ids as text, that wait for what their epics wait for.
 */
export function paceEdges(known: Backlog, held: ReadonlySet<string>): Edge[] {
  const epics = [...known.items.values()].filter((item) => item.kind === 'epic')
  if (epics.length === 0) return []
  const tree = treeOf(known)
  return epics.flatMap((epic) => {
    const tasks = tree.tasksOf(epic)
    const ready = tasks.filter((task) => task.state === 'ready' && !tree.waits(task) && !held.has(String(task.id)))
    const allowed = new Set(allowedOf(epic, tasks, ready, tree.nameOf))
    const reference = tree.nameOf(epic)
    return ready
      .filter((task) => !allowed.has(task))
      .map((task) => ({
        item: String(task.id),
        blocker: { kind: 'outside' as const, reference, state: 'open' as const },
        source: 'pace' as const,
      }))
  })
}

/** The parts that may start now, as far as this roadmap goes. */
function allowedOf(
  epic: ItemRow,
  tasks: readonly ItemRow[],
  ready: readonly ItemRow[],
  nameOf: (item: ItemRow) => string,
): readonly ItemRow[] {
  if (stopped.includes(epic.state)) return []
  const pace = epic.epic?.pace
  if (!pace || pace.mode === 'batch') return ready
  if (pace.mode === 'one') return ready.filter((task) => !pace.only || nameOf(task) === pace.only).slice(0, 1)
  if (pace.mode === 'sequential') return tasks.some((task) => begun.includes(task.state)) ? [] : ready.slice(0, 1)
  const busy = tasks.filter((task) => working.includes(task.state)).length
  // Which of them come first is for the scheduler where all may start; otherwise the more urgent, then their order.
  const places = Math.max(0, (pace.max ?? 1) - busy)
  return ready.toSorted((one, other) => one.priority - other.priority).slice(0, places)
}

function treeOf({ systems, items, edges }: Backlog) {
  const nameOf = (item: ItemRow) => `${systems.get(item.systemId)?.fullName.toLowerCase()}#${item.issueNumber}`
  const byName = new Map([...items.values()].map((item) => [nameOf(item), item]))
  const byItem = Map.groupBy(edges, (edge) => edge.dependentId)
  const isPart = (edge: DependencyRow) => partSources.some((source) => source === edge.source)
  const tasksOf = (epic: ItemRow, seen = new Set<number>()): ItemRow[] => {
    if (seen.has(epic.id)) return []
    seen.add(epic.id)
    const parts = (byItem.get(epic.id) ?? []).filter(isPart).sort((one, other) => one.position - other.position)
    return parts.flatMap((edge) => {
      const item = byName.get(`${edge.repository}#${edge.issueNumber}`)
      if (!item || seen.has(item.id)) return []
      if (item.kind === 'epic') return tasksOf(item, seen)
      seen.add(item.id)
      return [item]
    })
  }
  /** Whether a task waits for something else anyway. */
  const waits = (task: ItemRow) => (byItem.get(task.id) ?? []).some((edge) => edge.blocker !== 'closed')
  return { nameOf, tasksOf, waits }
}

/** Remembers which part it was, where a roadmap wants one worked on and no other. */
export async function noteOnly(tx: Tx, known: Known, started: readonly ItemRow[]): Promise<void> {
  if (started.length === 0) return
  const tree = treeOf(known)
  for (const epic of known.items.values()) {
    const pace: Pace | undefined = epic.kind === 'epic' ? epic.epic?.pace : undefined
    if (!epic.epic || pace?.mode !== 'one' || pace.only) continue
    const ids = new Set(tree.tasksOf(epic).map((task) => task.id))
    const first = started.find((item) => ids.has(item.id))
    if (!first) continue
    const facts = { ...epic.epic, pace: { ...pace, only: tree.nameOf(first) } }
    await tx.db.update(workItems).set({ epic: facts }).where(eq(workItems.id, epic.id))
  }
}
