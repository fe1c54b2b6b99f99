/** What the processes of agents use: CPU time and memory of whole trees, from one reading of the process table. */

import { type ProcessIdentity, type ProcessUse, processTable, processUse } from '../lib/process-table.ts'

/** Of one tree. */
export interface TreeUse extends ProcessUse {
  processes: number
}

/**
 * What the trees of these processes use, by the pid of the root. A process belongs to a tree by its group, its session or
 * its parents. One that has escaped all three is not counted; it is still ended with the run, by its marker. The time of
 * processes that have ended is not in `cpuMs`: it may decrease.
 */
export function treeUse(
  roots: readonly ProcessIdentity[],
  table = processTable(),
  useOf: (pid: number) => ProcessUse | undefined = processUse,
): Map<number, TreeUse> {
  const entries = table.list()
  const byPid = new Map(entries.map((entry) => [entry.pid, entry]))
  // A pid that another process has now is no root.
  const live = new Set(
    roots.filter(({ pid, startTime }) => byPid.get(pid)?.startTime === startTime).map(({ pid }) => pid),
  )
  const result = new Map(roots.map(({ pid }) => [pid, { processes: 0, cpuMs: 0, memory: 0 }]))
  for (const entry of entries) {
    const root = rootOf(entry.pid, byPid, live)
    const sum = root === undefined ? undefined : result.get(root)
    const use = sum && useOf(entry.pid)
    if (!sum || !use) continue
    sum.processes += 1
    sum.cpuMs += use.cpuMs
    sum.memory += use.memory
  }
  return result
}

type Entries = ReadonlyMap<number, { pid: number; ppid: number; pgid: number; sid: number }>

function rootOf(pid: number, byPid: Entries, live: ReadonlySet<number>): number | undefined {
  const seen = new Set<number>()
  for (let at = byPid.get(pid); at && !seen.has(at.pid); at = byPid.get(at.ppid)) {
    seen.add(at.pid)
    const root = [at.pid, at.pgid, at.sid].find((id) => live.has(id))
    if (root !== undefined) return root
  }
  return undefined
}
