/**
 * The mode of a roadmap limits which of its parts may start: one, some at once, one after another, or all; none while
 * it is paused.
 */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { type RoadmapMode, workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import { activeStates, reviewStates } from '../domain/lifecycle.ts'
import type { Edge } from '../scheduler/types.ts'
import type { Backlog } from './backlog-snapshot.ts'
import { descendantsOf } from './descendants.ts'

/** The states of a part that has started and is not finished: its successor in a sequence waits. */
const startedStates: readonly ItemRow['state'][] = [...activeStates, ...reviewStates]
/** The states of an epic whose parts may not start. */
const stoppedStates: readonly ItemRow['state'][] = ['paused', 'held']

/**
 * The edges by which roadmaps block parts that could start otherwise, by the blocked item. Pure. A part of two roadmaps
 * waits for both.
 * @param waiting items that wait for the blockers of their epics.
 */
export function roadmapModeEdges(backlog: Backlog, waiting: { has(id: number): boolean }): Map<number, Edge[]> {
  const blocked = new Map<number, Edge[]>()
  for (const epic of epicsIn(backlog)) {
    // Most roadmaps let all parts start.
    if (!stoppedStates.includes(epic.state) && (epic.epic?.pace?.mode ?? 'batch') === 'batch') continue
    const { tasks } = descendantsOf(backlog, epic)
    const ready = tasks.filter(
      (task) => task.state === 'ready' && !hasOpenBlocker(backlog, task) && !waiting.has(task.id),
    )
    const allowed = new Set(allowedOf(epic, tasks, ready, backlog))
    const blocker = { kind: 'outside' as const, reference: backlog.nameOf(epic), state: 'open' as const }
    for (const task of ready) {
      if (allowed.has(task)) continue
      blocked.set(task.id, [...(blocked.get(task.id) ?? []), { item: String(task.id), blocker, source: 'pace' }])
    }
  }
  return blocked
}

/** The parts that this roadmap allows to start now. */
function allowedOf(
  epic: ItemRow,
  tasks: readonly ItemRow[],
  ready: readonly ItemRow[],
  backlog: Backlog,
): readonly ItemRow[] {
  if (stoppedStates.includes(epic.state)) return []
  const pace = epic.epic?.pace
  if (!pace || pace.mode === 'batch') return ready
  if (pace.mode === 'one') return ready.filter((task) => !pace.only || backlog.nameOf(task) === pace.only).slice(0, 1)
  if (pace.mode === 'sequential') {
    if (tasks.some((task) => startedStates.includes(task.state))) return []
    // One that is still being prepared keeps its turn.
    const next = tasks.find((task) => task.state === 'queued' || ready.includes(task))
    return next && ready.includes(next) ? [next] : []
  }
  const busy = tasks.filter((task) => activeStates.includes(task.state)).length
  // With a limit the more urgent parts come first, then the order of the roadmap.
  const free = Math.max(0, (pace.max ?? 1) - busy)
  return ready.toSorted((one, other) => one.priority - other.priority).slice(0, free)
}

function epicsIn(backlog: Backlog): ItemRow[] {
  return [...backlog.epics].flatMap((id) => backlog.items.get(id) ?? [])
}

/** Whether a task has an open blocker. */
function hasOpenBlocker(backlog: Backlog, task: ItemRow): boolean {
  return (backlog.edges.get(task.id) ?? []).some((edge) => edge.blocker !== 'closed')
}

/** Stores which part has started, for roadmaps in which only one part may start. */
export async function recordOnlyPart(tx: Tx, backlog: Backlog, started: readonly ItemRow[]): Promise<void> {
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
