/**
 * Ends everything that a command started: its process group and session, all their descendants, and every process that
 * carries the command's marker in its environment. A process that left the session *and* emptied its environment gets
 * away; only a process namespace would hold it. Where there is no `/proc`, only the group is ended.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { type ProcessIdentity, startTimeOf } from '../../config/processes.ts'

interface Entry extends ProcessIdentity {
  ppid: number
  pgid: number
  sid: number
}

/** A killed process is gone within milliseconds unless the kernel holds it. */
const killMs = 5_000

/**
 * Ends the tree: SIGTERM, `graceMs` to leave, then SIGKILL until none is left.
 * @param leader the process that was started, as the leader of a session of its own.
 * @param marker `NAME=value` in the environment of all that the command starts.
 * @returns how many would not go within five seconds.
 */
export async function endTree(leader: ProcessIdentity, marker: string, graceMs: number): Promise<number> {
  let members = membersOf(leader, marker)
  if (graceMs > 0 && signalAll(members, leader, 'SIGTERM')) await untilGone(members, graceMs)
  const deadline = Date.now() + killMs
  for (;;) {
    members = membersOf(leader, marker)
    if (!signalAll(members, leader, 'SIGKILL')) return 0
    if (Date.now() > deadline) return members.length
    await untilGone(members, 100)
  }
}

/** @returns whether there was anybody to tell. */
function signalAll(members: readonly Entry[], leader: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!hasProc()) return signalOne(-leader.pid, signal)
  for (const { pid } of members) signalOne(pid, signal)
  return members.length > 0
}

function signalOne(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    // Gone since the look.
    return false
  }
}

async function untilGone(members: readonly Entry[], ms: number): Promise<void> {
  const deadline = Date.now() + ms
  for (let pause = 5; Date.now() < deadline; pause = Math.min(50, pause * 2)) {
    if (hasProc() && members.every(({ pid, startTime }) => entryOf(pid)?.startTime !== startTime)) return
    await delay(Math.min(pause, Math.max(1, deadline - Date.now())))
  }
}

function membersOf(leader: ProcessIdentity, marker: string): Entry[] {
  const entries = processes()
  // While a group or session has members its number is given to nobody else; so it is ours, unless a stranger
  // holds the leader's number now.
  const now = startTimeOf(leader.pid)
  const ours = now === '' || now === leader.startTime
  const members = new Set(
    entries.filter(
      (entry) => (ours && (entry.pgid === leader.pid || entry.sid === leader.pid)) || carries(entry.pid, marker),
    ),
  )
  for (let before = -1; before !== members.size; ) {
    before = members.size
    const pids = new Set([...members].map((entry) => entry.pid))
    for (const entry of entries) if (pids.has(entry.ppid)) members.add(entry)
  }
  return [...members]
}

function hasProc(): boolean {
  return startTimeOf(process.pid) !== ''
}

function processes(): Entry[] {
  if (!hasProc()) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => entryOf(Number(name)) ?? [])
}

/** Reads /proc/PID/stat (proc(5)): after the name come 3 state, 4 ppid, 5 pgrp, 6 session, 22 starttime. */
function entryOf(pid: number): Entry | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  const [state, ppid, pgid, sid, ...more] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (stat === '' || state === 'Z' || state === 'X') return undefined
  return { pid, ppid: Number(ppid), pgid: Number(pgid), sid: Number(sid), startTime: more[15] ?? '' }
}

function carries(pid: number, marker: string): boolean {
  return `\0${readText(`/proc/${pid}/environ`)}`.includes(`\0${marker}\0`)
}

/** A process may go away between listing and reading. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
