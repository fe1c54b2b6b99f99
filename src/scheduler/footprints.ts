/** Which items would touch the same files, and so are not run together. */
import type { Overlap } from './decision.ts'
import { type Pattern, parsePattern, patternsMeet } from './glob-overlap.ts'
import type { Item, ItemId } from './types.ts'

/** A set of patterns, read once and shared by all items that have the same. */
export type Footprint = {
  /** Small whole number, unique within its `Footprints`. */
  readonly id: number
  /** As it was read. */
  readonly backlog: readonly string[] | 'nothing'
  readonly texts: readonly string[]
  readonly patterns: readonly (readonly Pattern[])[]
}

/** Answers kept; past this many the memory of them starts again, so that it cannot grow without end. */
const MOST_ANSWERS = 200_000

/** Reads footprints and remembers which of them overlap. */
export class Footprints {
  readonly #backlog = new Map<string, Footprint>()
  /** Many footprints are made of few patterns. */
  readonly #patterns = new Map<string, readonly Pattern[]>()
  readonly #answers = new Map<number, boolean>()

  /** @param texts patterns as `patterns.ts` describes them; order and repetition do not matter. */
  read(texts: readonly string[] | 'nothing'): Footprint {
    const sorted = texts === 'nothing' ? [] : [...new Set(texts)].sort()
    // No pattern has a line end in it.
    const key = texts === 'nothing' ? '\n\n' : sorted.join('\n')
    const backlog = this.#backlog.get(key)
    if (backlog) return backlog
    const read = texts === 'nothing' ? texts : sorted
    const footprint = {
      id: this.#backlog.size,
      backlog: read,
      texts: sorted,
      patterns: sorted.map((text) => this.#parse(text)),
    }
    this.#backlog.set(key, footprint)
    return footprint
  }

  #parse(text: string): readonly Pattern[] {
    const backlog = this.#patterns.get(text)
    if (backlog) return backlog
    const patterns = parsePattern(text)
    this.#patterns.set(text, patterns)
    return patterns
  }

  /** Whether some file can belong to both. Nothing overlaps with a footprint that is not known. */
  overlap(a: Footprint, b: Footprint): boolean {
    if (a === b) return a.texts.length > 0
    const [low, high] = a.id < b.id ? [a.id, b.id] : [b.id, a.id]
    // Exact as long as there are fewer than 2^26 footprints.
    const key = low * 2 ** 26 + high
    const backlog = this.#answers.get(key)
    if (backlog !== undefined) return backlog
    if (this.#answers.size >= MOST_ANSWERS) this.#answers.clear()
    const answer = a.patterns.some((mine) => b.patterns.some((theirs) => anyMeet(mine, theirs)))
    this.#answers.set(key, answer)
    return answer
  }

  /** The pairs of patterns that meet, at most `most` of them. */
  overlaps(a: Footprint, b: Footprint, most = 5): Overlap[] {
    const found: Overlap[] = []
    a.texts.forEach((mine, i) => {
      b.texts.forEach((theirs, j) => {
        if (found.length < most && anyMeet(a.patterns[i] ?? [], b.patterns[j] ?? [])) found.push({ mine, theirs })
      })
    })
    return found
  }
}

/** Two items that would touch the same files. */
export type ItemConflict = { a: ItemId; b: ItemId; overlaps: Overlap[] }

/**
 * Every pair that overlaps, as shown on a roadmap issue.
 * @param items of any repositories; only those of the same one can overlap.
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

function anyMeet(a: readonly Pattern[], b: readonly Pattern[]): boolean {
  return a.some((mine) => b.some((theirs) => patternsMeet(mine, theirs)))
}
