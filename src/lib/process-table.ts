/**
 * The processes of this machine: on Linux from `/proc`, elsewhere from `ps`. This file only reads;
 * `sandbox/kill-tree.ts` kills. All functions are synchronous and import no large module, because the reaper runs them,
 * too.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'

/**
 * Identifies one process. The operating system reuses process ids, but not the same id with the same start time.
 * `startTime` is opaque: on Linux the boot id and the clock ticks since the boot, elsewhere the start date.
 */
export interface ProcessIdentity {
  pid: number
  startTime: string
}

/** One row of the process table. */
export interface ProcessEntry extends ProcessIdentity {
  ppid: number
  pgid: number
  /** The session id; 0 where it is unknown. */
  sid: number
}

/** A source of processes. */
export interface ProcessTable {
  /** Every running process. A zombie no longer runs and is left out. */
  list(): ProcessEntry[]
  /** One process, or undefined when it has ended or is a zombie. */
  find(pid: number): ProcessEntry | undefined
  /** Whether a process was started with `NAME=value` in its environment; false where it cannot be read. */
  hasMarker(pid: number, marker: string): boolean
}

/**
 * The process table of this machine.
 * @param procRoot where `/proc` is mounted; tests pass a fake one. Without such a folder `ps` is used.
 */
export function processTable(procRoot = '/proc'): ProcessTable {
  return existsSync(join(procRoot, 'self')) ? procTable(procRoot) : psTable()
}

function procTable(root: string): ProcessTable {
  const boot = readText(join(root, 'sys/kernel/random/boot_id')).trim()
  const find = (pid: number) => parseStat(readText(join(root, String(pid), 'stat')), boot)
  return {
    find,
    list: () =>
      readdirSync(root)
        .filter((name) => /^\d+$/.test(name))
        .flatMap((name) => find(Number(name)) ?? []),
    hasMarker: (pid, marker) => `\0${readText(join(root, String(pid), 'environ'))}`.includes(`\0${marker}\0`),
  }
}

/** '' when the process has ended between listing and reading. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/**
 * Reads one line of `/proc/<pid>/stat` (proc_pid_stat(5)): 1 pid, 2 (comm), 3 state, 4 ppid, 5 pgrp, 6 session,
 * 22 starttime. The name may contain spaces and brackets: the fields after it are counted from its last bracket.
 */
function parseStat(text: string, boot: string): ProcessEntry | undefined {
  const nameEnd = text.lastIndexOf(')')
  if (nameEnd < 0) return undefined
  const fields = text.slice(nameEnd + 2).split(' ')
  const state = fields[0]
  if (state === 'Z' || state === 'X') return undefined
  return {
    pid: Number.parseInt(text, 10),
    ppid: Number(fields[1]),
    pgid: Number(fields[2]),
    sid: Number(fields[3]),
    startTime: `${boot}:${fields[19]}`,
  }
}

/** For macOS and BSD: the environment of other processes is unknown there, only groups and parents are known. */
function psTable(): ProcessTable {
  const list = (selection: string[]) => {
    const result = spawnSync('ps', [...selection, '-o', 'pid=,ppid=,pgid=,stat=,lstart='], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    })
    return (result.stdout ?? '').split('\n').flatMap((line) => parsePsLine(line) ?? [])
  }
  return {
    list: () => list(['-A']),
    find: (pid) => list(['-p', String(pid)])[0],
    hasMarker: () => false,
  }
}

function parsePsLine(line: string): ProcessEntry | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line)
  if (!match || match[4]?.startsWith('Z')) return undefined
  return {
    pid: Number(match[1]),
    ppid: Number(match[2]),
    pgid: Number(match[3]),
    sid: 0,
    startTime: match[5] ?? '',
  }
}

/** The start time of the process with this id; '' when there is none. */
export function startTimeOf(pid: number): string {
  return processTable().find(pid)?.startTime ?? ''
}

/** Whether exactly this process still runs. A reused id and a zombie do not count. */
export function isAlive(identity: ProcessIdentity): boolean {
  return startTimeOf(identity.pid) === identity.startTime
}

/** What one process uses. */
export interface ProcessUse {
  /** CPU time since its start, in milliseconds. */
  cpuMs: number
  /** Resident memory, in bytes. Memory that it shares with others is counted for each of them. */
  memory: number
}

/** Clock ticks per second in `/proc/<pid>/stat`: USER_HZ, 100 on every Linux that Node supports (proc(5)). */
const ticksPerSecond = 100

/** What a process uses; undefined when it has ended, or where there is no `/proc`. */
export function processUse(pid: number, procRoot = '/proc'): ProcessUse | undefined {
  const stat = readText(join(procRoot, String(pid), 'stat'))
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // Fields 14 and 15 of proc_pid_stat(5); field 3 is the first here.
  const ticks = Number(fields[11]) + Number(fields[12])
  if (!Number.isFinite(ticks)) return undefined
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(readText(join(procRoot, String(pid), 'status')))?.[1]
  return { cpuMs: (ticks / ticksPerSecond) * 1_000, memory: Number(resident ?? 0) * 1_024 }
}

/**
 * Names the set of processes that this one can see: the machine and, on Linux, the process namespace. Containers may share
 * the name of their machine, and see other processes.
 */
export function processScope(): string {
  const namespace = '/proc/self/ns/pid'
  return existsSync(namespace) ? `${hostname()} ${readlinkSync(namespace)}` : hostname()
}
