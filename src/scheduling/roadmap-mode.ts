/** How a roadmap is worked on: one part, some at once, one after another, or all (FEATURES E3); and not at all while it is paused. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { type RoadmapMode, workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import { activeStates } from '../domain/lifecycle.ts'
import type { Edge } from '../scheduler/types.ts'
import { type Backlog, inReview } from './backlog-snapshot.ts'
import { descendantsOf } from './descendants.ts'

/** The states in which a part is begun and not over: its successor in a sequence waits. */
const begun: readonly ItemRow['state'][] = [...activeStates, ...inReview]
/** The states in which an epic does not let its parts start. */
const stopped: readonly ItemRow['state'][] = ['paused', 'held']

/**
 * The edges by which roadmaps keep parts back that could start otherwise, by the item they keep back. Pure.
 * A part of two roadmaps waits for both.
 * @param waiting items that wait for what their epics wait for.
 */
export function roadmapModeEdges(backlog: Backlog, waiting: { has(id: number): boolean }): Map<number, Edge[]> {
  const held = new Map<number, Edge[]>()
  for (const epic of epicsIn(backlog)) {
    // Most roadmaps let everything start: nothing to look for in these.
    if (!stopped.includes(epic.state) && (epic.epic?.pace?.mode ?? 'batch') === 'batch') continue
    const { tasks } = descendantsOf(backlog, epic)
    const ready = tasks.filter((task) => task.state === 'ready' && !waits(backlog, task) && !waiting.has(task.id))
    const allowed = new Set(allowedOf(epic, tasks, ready, backlog))
    const blocker = { kind: 'outside' as const, reference: backlog.nameOf(epic), state: 'open' as const }
    for (const task of ready) {
      if (allowed.has(task)) continue
      held.set(task.id, [...(held.get(task.id) ?? []), { item: String(task.id), blocker, source: 'pace' }])
    }
  }
  return held
}

/** The parts that may start now, as far as this roadmap goes. */
function allowedOf(
  epic: ItemRow,
  tasks: readonly ItemRow[],
  ready: readonly ItemRow[],
  backlog: Backlog,
): readonly ItemRow[] {
  if (stopped.includes(epic.state)) return []
  const pace = epic.epic?.pace
  if (!pace || pace.mode === 'batch') return ready
  if (pace.mode === 'one') return ready.filter((task) => !pace.only || backlog.nameOf(task) === pace.only).slice(0, 1)
  if (pace.mode === 'sequential') return tasks.some((task) => begun.includes(task.state)) ? [] : ready.slice(0, 1)
  const busy = tasks.filter((task) => activeStates.includes(task.state)).length
  // Which of them come first is for the scheduler where all may start; otherwise the more urgent, then their order.
  const places = Math.max(0, (pace.max ?? 1) - busy)
  return ready.toSorted((one, other) => one.priority - other.priority).slice(0, places)
}

function epicsIn(backlog: Backlog): ItemRow[] {
  return [...backlog.epics].flatMap((id) => backlog.items.get(id) ?? [])
}

/** Whether a task waits for something else anyway. */
function waits(backlog: Backlog, task: ItemRow): boolean {
  return (backlog.edges.get(task.id) ?? []).some((edge) => edge.blocker !== 'closed')
}

/** Remembers which part it was, where a roadmap wants one worked on and no other. */
export async function noteOnly(tx: Tx, backlog: Backlog, started: readonly ItemRow[]): Promise<void> {
  if (started.length === 0) return
  for (const epic of epicsIn(backlog)) {
    const pace: RoadmapMode | undefined = epic.epic?.pace
    if (!epic.epic || pace?.mode !== 'one' || pace.only) continue
    const ids = new Set(descendantsOf(backlog, epic).tasks.map((task) => task.id))
    const first = started.find((item) => ids.has(item.id))
    if (!first) continue
    const facts = { ...epic.epic, pace: { ...pace, only: backlog.nameOf(first) } }
    await tx.db.update(workItems).set({ epic: facts }).where(eq(workItems.id, epic.id))
  }
}
