/** One after another, per place: facts about the same repository would only make each other start over. */

import type { Store } from './connect.ts'

const places = new WeakMap<Store, Map<string, Promise<unknown>>>()

/** Runs `work` after everything that was handed in before it for the same place of the same store. */
export async function withKeyedMutex<T>(store: Store, place: string, work: () => Promise<T>): Promise<T> {
  const lasts = places.get(store) ?? new Map<string, Promise<unknown>>()
  places.set(store, lasts)
  const before = lasts.get(place) ?? Promise.resolve()
  const mine = before.then(work, work)
  const settled = mine.catch(() => {})
  lasts.set(place, settled)
  try {
    return await mine
  } finally {
    if (lasts.get(place) === settled) lasts.delete(place)
  }
}
