/** A member of a heap. It stores its index, so that it can be moved or removed without a search. */
export type HeapMember = { at: number }

/** The value of `at` outside of any heap. */
export const NOT_IN_HEAP = -1

/**
 * A binary heap ordered by `before`. Any member can be removed or moved in O(log n). A member is in at most one heap at
 * a time.
 */
export class Heap<T extends HeapMember> {
  readonly #rows: T[] = []
  readonly #before: (a: T, b: T) => boolean

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#rows.length
  }

  /** The first, or undefined when empty. */
  first(): T | undefined {
    return this.#rows[0]
  }

  push(row: T): void {
    this.#rows.push(row)
    this.#up(this.#rows.length - 1, row)
  }

  /** Removes `row`. Does nothing when it is in no heap. */
  remove(row: T): void {
    const at = row.at
    if (at === NOT_IN_HEAP) return
    row.at = NOT_IN_HEAP
    const last = this.#rows.pop()
    if (last === undefined || last === row) return
    this.#settle(at, last)
  }

  /** Moves `row` to its place after a change of the values that `before` compares. */
  move(row: T): void {
    if (row.at !== NOT_IN_HEAP) this.#settle(row.at, row)
  }

  #settle(at: number, row: T): void {
    const parent = this.#rows[(at - 1) >> 1]
    if (at > 0 && parent !== undefined && this.#before(row, parent)) this.#up(at, row)
    else this.#down(at, row)
  }

  #up(from: number, row: T): void {
    let at = from
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = this.#rows[above]
      if (parent === undefined || !this.#before(row, parent)) break
      this.#put(at, parent)
      at = above
    }
    this.#put(at, row)
  }

  #down(from: number, row: T): void {
    let at = from
    for (;;) {
      const left = 2 * at + 1
      const right = this.#rows[left + 1]
      let child = this.#rows[left]
      if (child === undefined) break
      let below = left
      if (right !== undefined && this.#before(right, child)) {
        child = right
        below = left + 1
      }
      if (!this.#before(child, row)) break
      this.#put(at, child)
      at = below
    }
    this.#put(at, row)
  }

  #put(at: number, row: T): void {
    this.#rows[at] = row
    row.at = at
  }
}
