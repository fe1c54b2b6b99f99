/**
 * A lock on the data directory. Embedded PGlite has none of its own: a second process would hang and could corrupt the
 * data. On Postgres a second one would take the first one's agents for strays. The lock names its holder by machine,
 * process id and start time, so that a reused pid is not mistaken for the holder.
 */

import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Logger } from 'pino'
import { OperatorError } from '../lib/errors.ts'
import { isAlive, type ProcessIdentity, startTimeOf } from '../lib/process-table.ts'

type Holder = ProcessIdentity & { host?: string }

/** How often a holder says that it is alive, in milliseconds: on another machine its pid says nothing. */
const aliveEveryMs = 5_000
/** A holder on another machine, or in another container, that was silent for so long is gone. */
const silentMs = 30_000
/** How often a held lock is tried again. */
const pollMs = 200

/**
 * Takes the lock of a data directory. The lock of a dead process does not count.
 * @param options.waitMs for how long a process that holds it is waited for: at a restart, the new one comes early.
 * @param options.host the name of this machine.
 * @returns a function that releases it.
 * @throws {OperatorError} naming the pid when a live process still holds it then.
 */
export async function lockDirectory(
  directory: string,
  { waitMs, log, host = hostname() }: { waitMs: number; log: Logger; host?: string },
): Promise<() => void> {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, 'tutti.lock')
  const until = performance.now() + waitMs
  for (let said = false; ; ) {
    const holder = take(file, host)
    if (!holder) return keep(file)
    if (performance.now() > until) throw inUse(directory, holder, host)
    if (!said)
      log.warn(`the data directory is in use by process ${holder.pid}; waiting ${waitMs / 1_000} s for its end`)
    said = true
    await wait(pollMs)
  }
}

/** @returns who has it; undefined when it is ours now. */
function take(file: string, host: string): Holder | undefined {
  for (;;) {
    try {
      const mine: Holder = { pid: process.pid, startTime: startTimeOf(process.pid), host }
      writeFileSync(file, JSON.stringify(mine), { flag: 'wx' })
      return undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const holder = readHolder(file)
      if (holder && isHeld(file, holder, host)) return holder
      rmSync(file, { force: true })
    }
  }
}

function isHeld(file: string, holder: Holder, host: string): boolean {
  if ((holder.host ?? host) === host) return isAlive(holder)
  const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0
  return Date.now() - touched < silentMs
}

function keep(file: string): () => void {
  const timer = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date())
    } catch {
      // Someone has removed the directory: the next write to it says so.
    }
  }, aliveEveryMs).unref()
  return () => {
    clearInterval(timer)
    rmSync(file, { force: true })
  }
}

function inUse(directory: string, holder: Holder, host: string): OperatorError {
  const where = holder.host && holder.host !== host ? ` on ${holder.host}` : ''
  return new OperatorError(
    `the data directory ${directory} is in use by another Tutti, process ${holder.pid}${where}`,
    'Stop that process, or set DATA_DIR to another directory. On a Postgres, SHARE_DATA_DIR=true lets several processes of this machine work in one.',
  )
}

function readHolder(file: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return typeof value === 'object' && value !== null && 'pid' in value ? (value as Holder) : undefined
  } catch {
    // A crash cut the file short while it was written: no process holds the lock.
    return undefined
  }
}
