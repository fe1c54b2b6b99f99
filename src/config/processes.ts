/** Telling one process from another: a pid alone is reused after a while, a pid with its start time is not. */

import { readFileSync } from 'node:fs'

/** A process of this machine. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks since boot, or '' where the system has no /proc. */
  startTime: string
}

/** Field 22 of /proc/PID/stat (proc(5)). '' where there is no such process or no /proc. */
export function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

/** Whether that very process still lives (a reused pid does not count; a zombie does not either). */
export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  return startTimeOf(identity.pid) === identity.startTime
}
