/** Waiting for facts: no test needs to sleep. */

import { setMaxListeners } from 'node:events'

/** Facts are looked at again this often, in ms, for those that change outside the playground (a file, a process). */
const TICK = 250

export interface Changes {
  /** Fires `change` after every change of state and every answered delivery. */
  target: EventTarget
  /** Says that something changed; many at once are one. */
  changed(): void
  /** Resolves with the first truthy answer. Rejects after `timeoutMs` with `what`, and with what `fact` throws. */
  until<T>(fact: () => T | Promise<T>, what: string, timeoutMs?: number): Promise<Truthy<T>>
}

export type Truthy<T> = Exclude<T, undefined | null | false | '' | 0>

/** @param context what to add to the error of a fact that never came: what happened lately. */
export function createChanges(context: () => string): Changes {
  const target = new EventTarget()
  // Any number of facts may be waited for at once.
  setMaxListeners(0, target)
  let announced = false
  return {
    target,
    changed() {
      if (announced) return
      announced = true
      setImmediate(() => {
        announced = false
        target.dispatchEvent(new Event('change'))
      })
    },
    async until<T>(fact: () => T | Promise<T>, what: string, timeoutMs = 120_000): Promise<Truthy<T>> {
      const end = performance.now() + timeoutMs
      for (;;) {
        const next = nextChange(target)
        try {
          const answer = await fact()
          if (answer) return answer as Truthy<T>
          if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for: ${what}\n${context()}`)
          await next.happened
        } finally {
          next.cancel()
        }
      }
    },
  }
}

/** Listens from now on, so that a change while the fact is being looked at is not missed. */
function nextChange(target: EventTarget): { happened: Promise<void>; cancel(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, TICK)
  const listener = (): void => resolve()
  target.addEventListener('change', listener, { once: true })
  return {
    happened: promise,
    cancel() {
      clearTimeout(timer)
      target.removeEventListener('change', listener)
    },
  }
}
