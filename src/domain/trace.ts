/** The journey of an item as a trace: spans in spans. Pure; where it is sent is `channels/traces.ts`. */

import { lifecycle } from './lifecycle.ts'

/** Something that took time. Times are milliseconds since 1970. */
export interface TraceSpan {
  name: string
  from: number
  to: number
  attributes: Record<string, string | number | boolean>
  /** Why it failed, in a line; undefined when it did not. */
  failed?: string
  children: TraceSpan[]
}

/** A state that an item was in. Times are milliseconds since 1970. */
export interface Stay {
  state: string
  from: number
  /** The present, for the last one. */
  to: number
}

/**
 * The states that an item was in, with when.
 * @param steps its entries of the audit log, oldest first.
 * @param now the end of the last one, in milliseconds since 1970.
 */
export function staysOf(steps: readonly { at: Date; what: string }[], now: number): Stay[] {
  const stays: Stay[] = []
  for (const { at, what } of steps) {
    const state = what === 'queued' ? 'queued' : what.split(' → ')[1]
    if (state === undefined || !Object.hasOwn(lifecycle, state)) continue
    const last = stays.at(-1)
    if (last) last.to = at.getTime()
    stays.push({ state, from: at.getTime(), to: now })
  }
  return stays
}

/**
 * Puts spans below each other: those of the states below the root, and each part below the state in which it begins. An
 * attempt lasts longer than the state in which its agent works: its gates belong to the next one.
 */
export function nest(root: TraceSpan, states: readonly TraceSpan[], parts: readonly TraceSpan[]): TraceSpan {
  root.children.push(...states)
  for (const part of parts) {
    const around = states.find(({ from, to }) => from <= part.from && part.from < to) ?? root
    around.children.push(part)
  }
  for (const span of [root, ...states]) span.children.sort((a, b) => a.from - b.from)
  return root
}
