/** Footprints: items that would touch the same files do not run at the same time. */
import type { Overlap } from './decision.ts'
import { anyOverlap, type Pattern, parsePattern } from './glob-overlap.ts'
import type { Item, ItemId } from './types.ts'

/** A set of patterns. It is parsed once and shared by all items with the same patterns. */
export type Footprint = {
  /** A small integer, unique within its `Footprints`. */
  readonly id: number
  /** The argument of `read`, sorted. */
  readonly input: readonly string[] | 'nothing'
  readonly texts: readonly string[]
  readonly patterns: readonly (readonly Pattern[])[]
}

/** The size of the cache of results. A full cache is cleared, so that it cannot grow without limit. */
const MAX_CACHED = 200_000

/** Reads footprints and caches which of them overlap. */
export class Footprints {
  readonly #footprints = new Map<string, Footprint>()
  /** Many footprints share few patterns. */
  readonly #patterns = new Map<string, readonly Pattern[]>()
  readonly #overlaps = new Map<number, boolean>()

  /** @param texts patterns as in `glob-overlap.ts`, in any order, with or without duplicates. */
  read(texts: readonly string[] | 'nothing'): Footprint {
    const sorted = texts === 'nothing' ? [] : [...new Set(texts)].sort()
    // No pattern contains a line feed.
    const key = texts === 'nothing' ? '\n\n' : sorted.join('\n')
    const known = this.#footprints.get(key)
    if (known) return known
    const footprint = {
      id: this.#footprints.size,
      input: texts === 'nothing' ? texts : sorted,
      texts: sorted,
      patterns: sorted.map((text) => this.#parse(text)),
    }
    this.#footprints.set(key, footprint)
    return footprint
  }

  #parse(text: string): readonly Pattern[] {
    const known = this.#patterns.get(text)
    if (known) return known
    const patterns = parsePattern(text)
    this.#patterns.set(text, patterns)
    return patterns
  }

  /** Whether a file can belong to both. Nothing overlaps with an unknown footprint. */
  overlap(a: Footprint, b: Footprint): boolean {
    if (a === b) return a.texts.length > 0
    const [low, high] = a.id < b.id ? [a.id, b.id] : [b.id, a.id]
    // Unique while there are fewer than 2^26 footprints.
    const key = low * 2 ** 26 + high
    const known = this.#overlaps.get(key)
    if (known !== undefined) return known
    if (this.#overlaps.size >= MAX_CACHED) this.#overlaps.clear()
    const result = a.patterns.some((left) => b.patterns.some((right) => anyOverlap(left, right)))
    this.#overlaps.set(key, result)
    return result
  }

  /** The pairs of overlapping patterns, at most `max` of them. */
  overlaps(a: Footprint, b: Footprint, max = 5): Overlap[] {
    const found: Overlap[] = []
    a.texts.forEach((mine, i) => {
      b.texts.forEach((theirs, j) => {
        if (found.length < max && anyOverlap(a.patterns[i] ?? [], b.patterns[j] ?? [])) found.push({ mine, theirs })
      })
    })
    return found
  }
}

/** Two items that would touch the same files. */
export type ItemConflict = { a: ItemId; b: ItemId; overlaps: Overlap[] }

/**
 * Every pair of overlapping items. A roadmap issue shows them.
 * @param items of any repositories; only items of the same repository can overlap.
 * @returns pairs in the order of `items`.
 */
export function conflictMatrix(items: readonly Pick<Item, 'id' | 'repository' | 'footprint'>[]): ItemConflict[] {
  const footprints = new Footprints()
  const read = items.map((item) => ({ item, footprint: footprints.read(item.footprint) }))
  const conflicts: ItemConflict[] = []
  read.forEach((a, at) => {
    for (const b of read.slice(at + 1)) {
      if (a.item.repository !== b.item.repository || !footprints.overlap(a.footprint, b.footprint)) continue
      conflicts.push({ a: a.item.id, b: b.item.id, overlaps: footprints.overlaps(a.footprint, b.footprint) })
    }
  })
  return conflicts
}
