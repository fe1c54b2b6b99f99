/** When a silent agent counts as hanging. A long build inside a tool is silent, too, and is at work. */

import { busyPercent } from '../../domain/agent-health.ts'
import type { AgentUpdate } from './agent-run.ts'

/** What is asked about a silent agent. */
export interface IdleWatch {
  /** In milliseconds; a clock that nobody sets, or an agent would have been silent for the days by which it jumps. */
  lastActivity: () => number
  /** Whether a tool has begun and not ended. */
  inTool: () => boolean
  /** CPU time of its processes, in milliseconds. */
  cpuMs: () => number
  /** @param afterMs how long it was silent. */
  end: (afterMs: number) => void
}

/** The part of the limit after which its CPU is measured for the first time. */
export const probeAt = 0.75

/**
 * A check to be called again after as many milliseconds as it returns. It ends the agent once it has been silent for
 * `idleMs`, runs no tool, and has used less than 5 % of a core since the check before. A tool that never ends is ended by
 * the limit of the whole run.
 * @param now in milliseconds, by the clock of `lastActivity`.
 */
export function idleCheck(idleMs: number, watch: IdleWatch, now: () => number = () => performance.now()): () => number {
  let before: { at: number; cpuMs: number } | undefined
  return () => {
    const silentMs = now() - watch.lastActivity()
    const probeMs = idleMs * probeAt
    if (silentMs < probeMs) {
      before = undefined
      return probeMs - silentMs
    }
    const sample = { at: now(), cpuMs: watch.cpuMs() }
    const last = before
    before = sample
    if (silentMs < idleMs) return idleMs - silentMs
    if (!watch.inTool() && !isBusy(last, sample)) watch.end(silentMs)
    return idleMs - probeMs
  }
}

function isBusy(before: { at: number; cpuMs: number } | undefined, now: { at: number; cpuMs: number }): boolean {
  const elapsed = before ? now.at - before.at : 0
  return before !== undefined && elapsed > 0 && ((now.cpuMs - before.cpuMs) / elapsed) * 100 >= busyPercent
}

/** Keeps the tools that have begun and not ended. @param open their ids; changed. */
export function noteTool(open: Set<string>, update: AgentUpdate): void {
  if (update.kind !== 'tool') return
  if (update.status === 'completed' || update.status === 'failed') open.delete(update.id)
  else open.add(update.id)
}
