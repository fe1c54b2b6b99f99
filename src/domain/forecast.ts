/** What follows from branches that conflict with each other. Pure. */

import { anyOverlap, parsePattern } from '../scheduler/glob-overlap.ts'

/** Two items whose branches conflict. */
export interface ConflictPair {
  one: number
  other: number
  paths: readonly string[]
}

/**
 * The order of merging that costs least: who conflicts with the fewest goes first, since whoever comes later must be
 * brought up to date, and does that once for all before it.
 * @param ids in the order that counts among equals
 * @returns only those that conflict with another one.
 */
export function suggestOrder(ids: readonly number[], conflicts: readonly ConflictPair[]): number[] {
  const others = new Map<number, number>()
  for (const { one, other } of conflicts) for (const id of [one, other]) others.set(id, (others.get(id) ?? 0) + 1)
  return ids.filter((id) => others.has(id)).toSorted((a, b) => (others.get(a) ?? 0) - (others.get(b) ?? 0))
}

/** The pairs of items that touch the same files; of those without known files, with every other one. */
export function sharedPairs(items: readonly { id: number; paths: readonly string[] }[]): [number, number][] {
  const read = items
    .toSorted((a, b) => a.id - b.id)
    .map(({ id, paths }) => ({ id, patterns: paths.flatMap(parsePattern) }))
  const pairs: [number, number][] = []
  for (const [at, one] of read.entries())
    for (const other of read.slice(at + 1)) {
      const unknown = one.patterns.length === 0 || other.patterns.length === 0
      if (unknown || anyOverlap(one.patterns, other.patterns)) pairs.push([one.id, other.id])
    }
  return pairs
}
