/**
 * The merge queue: which pull requests are tried together, and what follows from the tests. Pure.
 *
 * Several are merged on top of the base and tested as one; when that passes, all of them merge. When it fails, the group
 * is split until the broken one is alone. A wrong guess costs a test and never a merge: only a commit whose very tree has
 * passed is merged, and only one that has failed alone is sent back. Learnt from bors, Prow's Tide and Uber's SubmitQueue.
 */

import type { Before } from './merge-order.ts'
import { inDependencyOrder } from './merge-order.ts'

/** A pull request that waits for its merge. */
export interface WaitingMerge {
  /** The id of its work item. */
  id: number
  /** 0 is the most urgent. */
  priority: number
  /** When it began to wait, in milliseconds. */
  since: number
}

/** Dependencies first, then by priority, then by age. */
export function orderQueue<One extends WaitingMerge>(waiting: readonly One[], edges: readonly Before[]): One[] {
  const sorted = waiting.toSorted((a, b) => a.priority - b.priority || a.since - b.since || a.id - b.id)
  return inDependencyOrder(sorted, edges)
}

/** A group that was tested, by ids in their order. */
export interface TestedGroup {
  members: readonly number[]
  verdict: 'passed' | 'failed'
  /** Those that the log of the failure speaks of; none when it says nothing. */
  suspects: readonly number[]
}

/**
 * The next group to try.
 * @param waiting all that wait, in the order of the queue
 * @param merged those that have merged; whoever neither waits nor has merged was taken out, which explains the failures
 * of its groups.
 * @param tested the newest first
 * @param most how many are tried together
 */
export function nextGroup(
  waiting: readonly number[],
  { merged, tested, most }: { merged: ReadonlySet<number>; tested: readonly TestedGroup[]; most: number },
): number[] {
  const waits = new Set(waiting)
  const isOut = (id: number) => !waits.has(id) && !merged.has(id)
  for (const { members, verdict, suspects } of tested) {
    const left = members.filter((id) => waits.has(id))
    const explained = members.some(isOut)
    if (verdict === 'passed' || explained || left.length === 0) continue
    if (left.length === 1) return left
    const innocent = left.filter((id) => !suspects.includes(id))
    const narrows = innocent.length > 0 && innocent.length < left.length
    return narrows ? innocent : left.slice(0, Math.ceil(left.length / 2))
  }
  // Where one after another is broken, large groups only cost tests: each halves the next one, until a group passes.
  const lastPassed = tested.findIndex(({ verdict }) => verdict === 'passed')
  const since = lastPassed === -1 ? tested : tested.slice(0, lastPassed)
  const out = new Set(since.flatMap(({ members }) => members.filter(isOut)))
  return waiting.slice(0, Math.max(1, Math.floor(most / 2 ** out.size)))
}

/** Paths shorter than this are in too many logs to say anything, in characters. */
const shortestPath = 5

/**
 * The members that the log of a failure names by a file that they change; a file that all of them change says nothing.
 */
export function suspectsIn(log: string, members: readonly { id: number; paths: readonly string[] }[]): number[] {
  const named = members.filter(({ paths }) => paths.some((path) => path.length >= shortestPath && log.includes(path)))
  return named.length < members.length ? named.map(({ id }) => id) : []
}

/**
 * How far a group that has passed is merged.
 * @param trees what the base is with each member and all before it
 * @param baseTree what the base was; `now`: what it is
 * @returns the index of the member that is next; undefined when the base has moved otherwise, so that the test says
 * nothing about it.
 */
export function nextMember(trees: readonly string[], baseTree: string, now: string): number | undefined {
  const at = [baseTree, ...trees].lastIndexOf(now)
  return at === -1 || at === trees.length ? undefined : at
}
