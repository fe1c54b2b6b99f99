/** Delivers an agent's updates at a bounded pace, however many the agent sends. */

import { truncate } from '../../lib/sanitise-text.ts'
import type { AgentUpdate, AgentUsage } from './agent-run.ts'
import { maxText } from './session-updates.ts'

export interface UpdateThrottle {
  push(update: AgentUpdate): void
  /** Delivers waiting updates, and stops. */
  close(): void
}

/** For a person, five deliveries a second are live. */
const intervalMs = 200
/** Updates in one delivery: more than fit on a screen. */
const maxWaiting = 50

/**
 * Delivers the first update at once, later ones every 200 ms. Texts are joined; of tool calls, plan and usage the newest
 * state counts. Updates past the limit are left out, and a notice counts them.
 * @param deliver may throw; the error goes to `onError` and the run goes on.
 */
export function throttleUpdates(
  deliver: (update: AgentUpdate) => void,
  onError: (error: unknown) => void,
): UpdateThrottle {
  let waiting: AgentUpdate[] = []
  let leftOut = 0
  let timer: NodeJS.Timeout | undefined
  let closed = false

  function flush(): void {
    const batch = waiting
    if (leftOut > 0) batch.push({ kind: 'notice', text: `${leftOut} updates were left out` })
    waiting = []
    leftOut = 0
    for (const update of batch) {
      try {
        deliver(update)
      } catch (error) {
        onError(error)
      }
    }
  }

  function tick(): void {
    timer = undefined
    if (waiting.length === 0 && leftOut === 0) return
    flush()
    if (!closed) timer = setTimeout(tick, intervalMs)
  }

  return {
    push(update) {
      if (closed) return
      const bounded = 'text' in update ? { ...update, text: truncate(update.text, maxText) } : update
      if (!addTo(waiting, bounded)) leftOut += 1
      if (timer) return
      flush()
      timer = setTimeout(tick, intervalMs)
    },
    close() {
      closed = true
      clearTimeout(timer)
      flush()
    },
  }
}

/** Adds an update to those that wait, or joins it with one of them. @returns false when there is no space for it. */
function addTo(waiting: AgentUpdate[], update: AgentUpdate): boolean {
  const last = waiting.at(-1)
  if ((update.kind === 'text' || update.kind === 'thought') && last?.kind === update.kind) {
    if (last.text.length >= maxText) return false
    waiting[waiting.length - 1] = { kind: update.kind, text: truncate(last.text + update.text, maxText) }
    return true
  }
  const key = keyOf(update)
  const at = key === undefined ? -1 : waiting.findIndex((other) => keyOf(other) === key)
  if (at >= 0) waiting[at] = update
  else if (waiting.length < maxWaiting) waiting.push(update)
  else return false
  return true
}

/**
 * Delivers usage reports: the first at once, later ones every 200 ms. Of the reports in between, the largest amount of each
 * kind counts, and the newest context. A cost in another currency than the first is delivered once, and left out after
 * that: the two cannot be added.
 * @param deliver must not throw.
 */
export function throttleUsage(deliver: (usage: AgentUsage) => void): { push(usage: AgentUsage): void; close(): void } {
  let waiting: AgentUsage | undefined
  let timer: NodeJS.Timeout | undefined
  let currency: string | undefined
  let changed = false

  function flush(): void {
    if (waiting) deliver(waiting)
    waiting = undefined
  }

  function tick(): void {
    timer = waiting && setTimeout(tick, intervalMs)
    flush()
  }

  return {
    push(usage) {
      currency ??= usage.cost?.currency
      const { cost, ...others } = usage
      const other = cost !== undefined && cost.currency !== currency
      if (other && !changed) {
        changed = true
        deliver(usage)
      }
      const counted = other ? others : usage
      waiting = waiting ? larger(waiting, counted) : counted
      if (!timer) tick()
    },
    close() {
      clearTimeout(timer)
      flush()
    },
  }
}

function larger(before: AgentUsage, now: AgentUsage): AgentUsage {
  const most = (name: 'inputTokens' | 'outputTokens' | 'cachedTokens' | 'totalTokens') => {
    const [a, b] = [before[name], now[name]]
    return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
  }
  const [old, cost = old] = [before.cost, now.cost]
  return {
    ...before,
    ...now,
    inputTokens: most('inputTokens'),
    outputTokens: most('outputTokens'),
    cachedTokens: most('cachedTokens'),
    totalTokens: most('totalTokens'),
    ...(cost ? { cost: old && old.amount > cost.amount ? old : cost } : {}),
  }
}

/** Of updates with the same key only the newest counts. */
function keyOf(update: AgentUpdate): string | undefined {
  if (update.kind === 'tool') return `tool ${update.id}`
  return update.kind === 'plan' || update.kind === 'usage' ? update.kind : undefined
}
