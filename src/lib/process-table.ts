/**
 * Which processes exist on this machine. On Linux from `/proc`, elsewhere from `ps`. Reading only; killing is in
 * `tree.ts`. Everything here is synchronous and imports nothing heavy, because the warden runs it too.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * One life of one process id. A process id alone is used again by the system; with the start time it is not.
 * `startTime` is opaque: the boot and the clock ticks since then on Linux, the start date elsewhere.
 */
export interface ProcessIdentity {
  pid: number
  startTime: string
}

/** One row of the process table. */
export interface ProcessEntry extends ProcessIdentity {
  ppid: number
  pgid: number
  /** The session; 0 where the system does not tell. */
  sid: number
}

/** Where processes are read from. */
export interface ProcessTable {
  /** Every process that still runs; zombies, which run no more, are left out. */
  list(): ProcessEntry[]
  /** One process, or undefined when it is gone or a zombie. */
  find(pid: number): ProcessEntry | undefined
  /** Whether a process was started with `NAME=value` in its environment; false where it cannot be read. */
  hasMarker(pid: number, marker: string): boolean
}

/**
 * The process table of this machine.
 * @param procRoot where `/proc` is mounted; tests pass a made-up one. Without such a folder `ps` is asked.
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

/** A process may go away between listing and reading; then there is nothing to read. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}

/**
 * Reads one line of `/proc/<pid>/stat` (proc_pid_stat(5)): 1 pid, 2 (comm), 3 state, 4 ppid, 5 pgrp, 6 session,
 * 22 starttime. The name may hold spaces and brackets, so counting starts after its last bracket.
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

/** macOS and BSD: no environment of other processes, so only groups and descent are known there. */
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

/** When the process with this id was started; '' when there is none. */
export function startTimeOf(pid: number): string {
  return processTable().find(pid)?.startTime ?? ''
}

/** Whether that very process still runs: a reused id does not count, a zombie does not either. */
export function isAlive(identity: ProcessIdentity): boolean {
  return startTimeOf(identity.pid) === identity.startTime
}
