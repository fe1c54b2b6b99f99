/**
 * Ends every process that a run has started: its process group, its session, every descendant, and every process with the
 * run's marker in its environment (a double fork with `setsid` escapes the first three, but not the marker).
 *
 * A process that forked twice, opened its own session *and* was started with an empty environment escapes. Only a process
 * namespace contains it; the sandbox has one.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { type ProcessEntry, type ProcessIdentity, type ProcessTable, processTable } from '../lib/process-table.ts'

/** The processes of a tree. */
export interface TreeTarget {
  /** The process that was started, when known. */
  root?: ProcessIdentity
  /** `NAME=value` in the environment of every process of the run. */
  marker?: string
  /** Processes with one of these markers are spared, whatever other markers they have. */
  sparedMarkers?: readonly string[]
  /**
   * The root is the sandbox's own process, which kills everything inside at once when it ends: it gets no SIGTERM, so that
   * the program inside can end in order, and ends with that program.
   */
  contained?: boolean
}

export interface KillOptions {
  /** How long processes may take to end after SIGTERM, in milliseconds; 0 sends SIGKILL at once. */
  graceMs: number
  /** How long SIGKILL is repeated until none is left, in milliseconds. */
  killMs?: number
  table?: ProcessTable
}

/** The result: how many processes were signalled, and which could not be ended. */
export interface KillResult {
  signalled: number
  survivors: ProcessIdentity[]
}

/** A killed process ends within milliseconds unless the kernel holds it. Five seconds are for a machine under load. */
const defaultKillMs = 5000

/**
 * Every process that belongs to the targets, by pid. The caller itself is never among them.
 * @param known members found earlier: their children belong too, also after they got another parent.
 */
export function treeMembers(
  targets: readonly TreeTarget[],
  table: ProcessTable,
  known: ReadonlyMap<number, ProcessIdentity> = new Map(),
): Map<number, ProcessEntry> {
  const entries = table.list().filter((entry) => entry.pid !== process.pid && entry.pid > 1)
  const byPid = new Map(entries.map((entry) => [entry.pid, entry]))
  const spared = new Set(
    entries.flatMap((entry) => (targets.some((target) => isSpared(entry, target, table)) ? [entry.pid] : [])),
  )
  const members = new Map<number, ProcessEntry>()
  for (const entry of entries) {
    const found = isSame(entry, known.get(entry.pid)) || targets.some((target) => isOf(entry, target, byPid, table))
    if (found && !spared.has(entry.pid)) members.set(entry.pid, entry)
  }
  addDescendants(members, entries, spared)
  return members
}

function isSpared(entry: ProcessEntry, target: TreeTarget, table: ProcessTable): boolean {
  return (target.sparedMarkers ?? []).some((marker) => table.hasMarker(entry.pid, marker))
}

function isOf(
  entry: ProcessEntry,
  target: TreeTarget,
  byPid: ReadonlyMap<number, ProcessEntry>,
  table: ProcessTable,
): boolean {
  const { root, marker } = target
  if (root && entry.pid === root.pid) return isSame(entry, root)
  // While a group or session has members, the kernel does not reuse its number. So the number is ours, unless another
  // process has the root's process id now.
  const isReused = root && byPid.has(root.pid) && !isSame(byPid.get(root.pid), root)
  if (root && !isReused && (entry.pgid === root.pid || entry.sid === root.pid)) return true
  return marker !== undefined && table.hasMarker(entry.pid, marker)
}

function isSame(a: ProcessIdentity | undefined, b: ProcessIdentity | undefined): boolean {
  return a !== undefined && b !== undefined && a.pid === b.pid && a.startTime === b.startTime
}

function addDescendants(
  members: Map<number, ProcessEntry>,
  entries: readonly ProcessEntry[],
  spared: ReadonlySet<number>,
): void {
  let before: number
  do {
    before = members.size
    for (const entry of entries) {
      if (members.has(entry.ppid) && !spared.has(entry.pid)) members.set(entry.pid, entry)
    }
  } while (members.size > before)
}

/**
 * Ends every process of the targets: SIGTERM, the grace time, then SIGKILL until the whole process table has none. A
 * process id that now belongs to another process is never signalled.
 */
export async function killTrees(targets: readonly TreeTarget[], options: KillOptions): Promise<KillResult> {
  const table = options.table ?? processTable()
  const known = new Map<number, ProcessIdentity>()
  const scan = () => {
    const members = treeMembers(targets, table, known)
    for (const [pid, entry] of members) known.set(pid, entry)
    return members
  }
  let members = scan()
  if (options.graceMs > 0 && members.size > 0) {
    signalAll(withoutSandboxes(members, targets), 'SIGTERM', table)
    await waitUntilGone(members, options.graceMs, table)
    members = scan()
  }
  const deadline = performance.now() + (options.killMs ?? defaultKillMs)
  while (members.size > 0 && performance.now() < deadline) {
    killFrozen(members, scan, table)
    await waitUntilGone(members, Math.min(500, Math.max(1, deadline - performance.now())), table)
    members = scan()
  }
  return { signalled: known.size, survivors: [...members.values()].map(({ pid, startTime }) => ({ pid, startTime })) }
}

/**
 * Stops all members first, which no program can refuse, and repeats that until no new one has appeared: a tree that forks
 * as fast as it is killed cannot fork any more. Then kills them.
 */
function killFrozen(
  members: ReadonlyMap<number, ProcessEntry>,
  scan: () => Map<number, ProcessEntry>,
  table: ProcessTable,
): void {
  let frozen = members
  for (let round = 0; round < 20; round++) {
    signalAll(frozen, 'SIGSTOP', table)
    const now = scan()
    const grew = [...now.keys()].some((pid) => !frozen.has(pid))
    frozen = now
    if (!grew) break
  }
  signalAll(frozen, 'SIGKILL', table)
}

function withoutSandboxes(
  members: ReadonlyMap<number, ProcessIdentity>,
  targets: readonly TreeTarget[],
): ReadonlyMap<number, ProcessIdentity> {
  const sandboxes = new Set(targets.flatMap(({ contained, root }) => (contained && root ? [root.pid] : [])))
  const inside = new Map([...members].filter(([pid]) => !sandboxes.has(pid)))
  // It has started nothing yet: then there is nothing to spare.
  return inside.size > 0 ? inside : members
}

function signalAll(members: ReadonlyMap<number, ProcessIdentity>, signal: NodeJS.Signals, table: ProcessTable): void {
  for (const member of members.values()) signalOne(member, signal, table)
}

/** Sends a signal to this life of a process, and to no other. @returns whether it was sent. */
export function signalOne(target: ProcessIdentity, signal: NodeJS.Signals, table = processTable()): boolean {
  if (!isSame(table.find(target.pid), target)) return false
  try {
    process.kill(target.pid, signal)
    return true
  } catch {
    // Ended since the scan, or not ours to signal: the next scan shows which.
    return false
  }
}

async function waitUntilGone(
  members: ReadonlyMap<number, ProcessIdentity>,
  ms: number,
  table: ProcessTable,
): Promise<void> {
  const deadline = performance.now() + ms
  let left = [...members.values()]
  for (let pause = 5; ; pause = Math.min(100, pause * 2)) {
    left = left.filter((member) => isSame(table.find(member.pid), member))
    const remaining = deadline - performance.now()
    if (left.length === 0 || remaining <= 0) return
    await delay(Math.min(pause, remaining))
  }
}
