/** The part of a backlog that can be planned ahead, as numbers. */

import { compareIds } from '../cycles.ts'
import type { Footprint } from '../footprints.ts'
import { effortOf } from '../leverage.ts'
import type { Node } from '../node.ts'
import type { PathLock } from '../ready-queues.ts'
import type { ScheduleState } from '../schedule-state.ts'
import type { Run } from '../types.ts'
import type { RcpspProblem } from './serial-schedule.ts'

/** Past this many tasks the incremental rule serves: the search would no longer take tenths of a second. */
export const MOST_TASKS = 400

/** A run that takes longer than was thought is expected to need this part of its effort yet. */
const OVERDUE_REST = 0.1

const SECONDS = 3600

export type PlannedWork = {
  problem: RcpspProblem
  /** The node behind each task. */
  nodes: readonly Node[]
  taskOf: ReadonlyMap<Node, number>
}

/**
 * What runs, and of `pool` what can start or will once these are done. Left out are items that wait for anything else (a
 * review, an outside issue, a paused repository), because nobody knows for how long.
 * @param pool items to plan, in any order.
 * @returns undefined when nothing can be planned or there are more than 400 tasks.
 */
export function workOf(schedule: ScheduleState, pool: Iterable<Node>): PlannedWork | undefined {
  const running = [...schedule.runs.values()].filter((run) => run.agent !== false)
  const fixed = running.map((run) => schedule.graph.node(run.item))
  const open = plannable(schedule, new Set(pool), new Set(fixed))
  if (open.length === 0 || fixed.length + open.length > MOST_TASKS) return undefined
  const nodes = [...fixed, ...open]
  const taskOf = new Map(nodes.map((node, task) => [node, task]))
  const before = nodes.map(() => new Set<number>())
  const after = nodes.map(() => new Set<number>())
  nodes.forEach((node, task) => {
    for (const link of node.outs) {
      const next = taskOf.get(link.to)
      if (next === undefined || next < fixed.length || !schedule.graph.holds(link)) continue
      after[task]?.add(next)
      before[next]?.add(task)
    }
  })
  const rests = running.map((run, task) => restOf(run, fixed[task]))
  const seconds = [...rests, ...open.map((node) => (node.item ? effortOf(node.item) : 0))]
  const { capacities, uses } = resources(schedule, nodes)
  const problem: RcpspProblem = {
    seconds: seconds.map((hours) => Math.round(hours * SECONDS)),
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
  return seconds / SECONDS
}

function restOf(run: Run, node: Node | undefined): number {
  const effort = node?.item ? effortOf(node.item) : 0
  return Math.max(effort - (run.elapsed ?? 0), OVERDUE_REST * effort)
}

/** The nodes of `pool` that wait for nothing but each other and `fixed`, oldest first. */
function plannable(schedule: ScheduleState, pool: ReadonlySet<Node>, fixed: ReadonlySet<Node>): Node[] {
  const idle = [...schedule.holds.values()].filter((lock) => schedule.runs.get(lock.node.id)?.agent === false)
  const backlog = new Map<Node, boolean>()
  const check = (node: Node): boolean => {
    if (fixed.has(node)) return true
    const before = backlog.get(node)
    if (before !== undefined) return before
    // Also the answer for whoever comes round to it in a cycle.
    backlog.set(node, false)
    const answer = pool.has(node) && startable(schedule, node, idle) && waitsOnlyFor(schedule, node, check)
    backlog.set(node, answer)
    return answer
  }
  return [...pool].filter((node) => !fixed.has(node) && check(node)).sort(byAge)
}

function startable(schedule: ScheduleState, node: Node, idle: readonly PathLock[]): boolean {
  const { item } = node
  if (item?.state !== 'ready' || node.run) return false
  const refusal = schedule.admission.refusal(item.repository, item.agentKind)
  if (refusal?.kind === 'paused' || refusal?.kind === 'budget') return false
  const footprint = schedule.footprints.read(item.footprint)
  return !idle.some(
    (lock) => lock.repository === item.repository && schedule.meets(item.repository, footprint, lock.footprint),
  )
}

function waitsOnlyFor(schedule: ScheduleState, node: Node, check: (node: Node) => boolean): boolean {
  if (node.outside.some((edge) => schedule.graph.holdsOutside(edge))) return false
  return node.ins.every((link) => !schedule.graph.holds(link) || check(link.from))
}

function byAge(a: Node, b: Node): number {
  const [mine, theirs] = [a.item, b.item]
  return (
    (mine?.since ?? 0) - (theirs?.since ?? 0) || (mine?.number ?? 0) - (theirs?.number ?? 0) || compareIds(a.id, b.id)
  )
}

/** Tasks of one repository and footprint conflict with the same others, so only such groups are compared. */
function conflicts(schedule: ScheduleState, nodes: readonly Node[]): number[][] {
  const groups = new Map<string, { repository: string; footprint: Footprint; tasks: number[] }>()
  const groupOf = nodes.map((node, task) => {
    const repository = node.item?.repository ?? node.run?.repository ?? ''
    const lock = schedule.holds.get(node.id)
    const footprint = lock?.footprint ?? schedule.footprints.read(node.item?.footprint ?? [])
    const key = `${repository} ${footprint.id}`
    const group = groups.get(key) ?? { repository, footprint, tasks: [] }
    groups.set(key, group)
    group.tasks.push(task)
    return group
  })
  const found = new Map<object, number[]>()
  for (const mine of groups.values()) {
    const meeting = [...groups.values()].filter(
      (theirs) =>
        mine.repository === theirs.repository && schedule.meets(mine.repository, mine.footprint, theirs.footprint),
    )
    found.set(
      mine,
      meeting.flatMap(({ tasks }) => tasks),
    )
  }
  return groupOf.map((group, task) => (found.get(group) ?? []).filter((other) => other !== task))
}

/** Every cap that is set becomes a resource. */
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
  const total = admission.mostAgents()
  const uses = nodes.map((node) => {
    const repository = node.item?.repository ?? node.run?.repository ?? ''
    const kind = node.item?.agentKind ?? node.run?.agentKind ?? ''
    return [
      ...use('total', total),
      ...use(`repository ${repository}`, admission.mostAgentsIn(repository)),
      ...use(`kind ${kind}`, admission.limits.caps?.perAgentKind?.[kind]),
    ]
  })
  return { capacities, uses }
}
