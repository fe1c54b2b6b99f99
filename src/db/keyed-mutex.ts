/** A mutex by key: concurrent events about the same repository would only make each other start over. */

import type { Store } from './connect.ts'

const tails = new WeakMap<Store, Map<string, Promise<unknown>>>()

/** Runs `work` after every earlier `work` with the same key and the same store. */
export async function withKeyedMutex<T>(store: Store, key: string, work: () => Promise<T>): Promise<T> {
  const tailOf = tails.get(store) ?? new Map<string, Promise<unknown>>()
  tails.set(store, tailOf)
  const previous = tailOf.get(key) ?? Promise.resolve()
  const result = previous.then(work, work)
  const settled = result.catch(() => {})
  tailOf.set(key, settled)
  try {
    return await result
  } finally {
    if (tailOf.get(key) === settled) tailOf.delete(key)
  }
}
