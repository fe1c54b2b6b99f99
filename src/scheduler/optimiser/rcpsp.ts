/** The plannable part of a backlog as a resource-constrained project scheduling problem (RCPSP). */

import { compareIds } from '../cycles.ts'
import type { Footprint } from '../footprints.ts'
import { effortOf } from '../leverage.ts'
import type { Node } from '../node.ts'
import type { PathLock } from '../ready-queues.ts'
import type { ScheduleState } from '../schedule-state.ts'
import type { Run } from '../types.ts'
import type { RcpspProblem } from './serial-schedule.ts'

/** With more tasks only the order by leverage is used: the search would take longer than tenths of a second. */
export const MAX_TASKS = 400

/** A run that takes longer than its estimate is expected to need this share of its effort in addition. */
const OVERDUE_SHARE = 0.1

const SECONDS_PER_HOUR = 3600

export type PlanningProblem = {
  problem: RcpspProblem
  /** The node of each task. */
  nodes: readonly Node[]
  taskOf: ReadonlyMap<Node, number>
}

/**
 * The running items, and the items of `pool` that can start now or once other tasks are done. Items that wait for
 * anything else (a review, an issue that is no item, a paused repository) are left out, because the duration of that is
 * unknown.
 * @param pool items to plan, in any order.
 * @returns undefined when no item can be planned or there are more than 400 tasks.
 */
export function planningProblemOf(schedule: ScheduleState, pool: Iterable<Node>): PlanningProblem | undefined {
  const running = [...schedule.runs.values()].filter((run) => run.agent !== false)
  const fixed = running.map((run) => schedule.graph.node(run.item))
  const open = plannableNodes(schedule, new Set(pool), new Set(fixed))
  if (open.length === 0 || fixed.length + open.length > MAX_TASKS) return undefined
  const nodes = [...fixed, ...open]
  const taskOf = new Map(nodes.map((node, task) => [node, task]))
  const before = nodes.map(() => new Set<number>())
  const after = nodes.map(() => new Set<number>())
  nodes.forEach((node, task) => {
    for (const link of node.outs) {
      const next = taskOf.get(link.to)
      if (next === undefined || next < fixed.length || !schedule.graph.blocks(link)) continue
      after[task]?.add(next)
      before[next]?.add(task)
    }
  })
  const remaining = running.map((run, task) => remainingHours(run, fixed[task]))
  const seconds = [...remaining, ...open.map((node) => (node.item ? effortOf(node.item) : 0))]
  const { capacities, uses } = resources(schedule, nodes)
  const problem: RcpspProblem = {
    seconds: seconds.map((hours) => Math.round(hours * SECONDS_PER_HOUR)),
    fixed: fixed.length,
    before: before.map((tasks) => [...tasks]),
    after: after.map((tasks) => [...tasks]),
    conflicts: conflicts(schedule, nodes),
    capacities,
    uses,
  }
  return { problem, nodes, taskOf }
}

/** Hours of a time in the timetable. */
export function toHours(seconds: number): number {
  return seconds / SECONDS_PER_HOUR
}

function remainingHours(run: Run, node: Node | undefined): number {
  const effort = node?.item ? effortOf(node.item) : 0
  return Math.max(effort - (run.elapsed ?? 0), OVERDUE_SHARE * effort)
}

/** The nodes of `pool` that wait only for each other and for `fixed`, oldest first. */
function plannableNodes(schedule: ScheduleState, pool: ReadonlySet<Node>, fixed: ReadonlySet<Node>): Node[] {
  const reviewLocks = [...schedule.locks.values()].filter((lock) => schedule.runs.get(lock.node.id)?.agent === false)
  const known = new Map<Node, boolean>()
  const check = (node: Node): boolean => {
    if (fixed.has(node)) return true
    const before = known.get(node)
    if (before !== undefined) return before
    // The result for a cycle back to this node, too.
    known.set(node, false)
    const result = pool.has(node) && canStart(schedule, node, reviewLocks) && waitsOnlyFor(schedule, node, check)
    known.set(node, result)
    return result
  }
  return [...pool].filter((node) => !fixed.has(node) && check(node)).sort(byAge)
}

function canStart(schedule: ScheduleState, node: Node, reviewLocks: readonly PathLock[]): boolean {
  const { item } = node
  if (item?.state !== 'ready' || node.run) return false
  const refusal = schedule.admission.refusal(item.repository, item)
  if (refusal?.kind === 'paused' || refusal?.kind === 'budget') return false
  const footprint = schedule.footprints.read(item.footprint)
  const sentBack = item.sentBack === true
  return !reviewLocks.some(
    (lock) => lock.repository === item.repository && schedule.stops(lock, item.repository, { footprint, sentBack }),
  )
}

function waitsOnlyFor(schedule: ScheduleState, node: Node, check: (node: Node) => boolean): boolean {
  if (node.outside.some((edge) => schedule.graph.blocksOutside(edge))) return false
  return node.ins.every((link) => !schedule.graph.blocks(link) || check(link.from))
}

function byAge(a: Node, b: Node): number {
  const [one, other] = [a.item, b.item]
  return (one?.since ?? 0) - (other?.since ?? 0) || (one?.number ?? 0) - (other?.number ?? 0) || compareIds(a.id, b.id)
}

/**
 * The conflicts of each task. Tasks with the same repository and footprint have the same conflicts: only groups are
 * compared.
 */
function conflicts(schedule: ScheduleState, nodes: readonly Node[]): number[][] {
  const groups = new Map<string, { repository: string; footprint: Footprint; tasks: number[] }>()
  const groupOf = nodes.map((node, task) => {
    const repository = node.item?.repository ?? node.run?.repository ?? ''
    const lock = schedule.locks.get(node.id)
    const footprint = lock?.footprint ?? schedule.footprints.read(node.item?.footprint ?? [])
    const key = `${repository} ${footprint.id}`
    const group = groups.get(key) ?? { repository, footprint, tasks: [] }
    groups.set(key, group)
    group.tasks.push(task)
    return group
  })
  const found = new Map<object, number[]>()
  for (const group of groups.values()) {
    const conflicting = [...groups.values()].filter(
      ({ repository, footprint }) =>
        group.repository === repository && schedule.mustNotOverlap(repository, group.footprint, footprint),
    )
    found.set(
      group,
      conflicting.flatMap(({ tasks }) => tasks),
    )
  }
  return groupOf.map((group, task) => (found.get(group) ?? []).filter((other) => other !== task))
}

/** The resources of the problem: every cap that is set. */
function resources(schedule: ScheduleState, nodes: readonly Node[]): Pick<RcpspProblem, 'capacities' | 'uses'> {
  const { admission } = schedule
  const capacities: number[] = []
  const ids = new Map<string, number>()
  const use = (name: string, limit: number | undefined): number[] => {
    if (limit === undefined) return []
    const id = ids.get(name) ?? capacities.push(Math.max(1, limit)) - 1
    ids.set(name, id)
    return [id]
  }
  const total = admission.maxAgents()
  const uses = nodes.map((node) => {
    const repository = node.item?.repository ?? node.run?.repository ?? ''
    const kind = node.item?.agentKind ?? node.run?.agentKind ?? ''
    return [
      ...use('total', total),
      ...use(`repository ${repository}`, admission.maxAgentsIn(repository)),
      ...use(`kind ${kind} in ${repository}`, admission.maxOfKindIn(repository, kind)),
      ...use(`kind ${kind}`, admission.limits.caps?.perAgentKind?.[kind]),
    ]
  })
  return { capacities, uses }
}
