/**
 * The used units of one resource over time, as steps: `used[i]` units from `times[i]` until `times[i + 1]`, and none
 * after the last step. Indices stay inside `size` by construction, which the compiler cannot check: hence `as number`.
 */
export class ResourceProfile {
  readonly #capacity: number
  readonly #times: Float64Array
  readonly #used: Int32Array
  #size = 1

  /** @param intervals at most this many are added between two calls of `clear`. */
  constructor(capacity: number, intervals: number) {
    this.#capacity = capacity
    this.#times = new Float64Array(2 * intervals + 2)
    this.#used = new Int32Array(2 * intervals + 2)
  }

  clear(): void {
    this.#size = 1
    this.#times[0] = 0
    this.#used[0] = 0
  }

  /** The earliest time from `start` on when one more unit is free for `length`. */
  earliest(start: number, length: number): number {
    const last = this.#size - 1
    let from = start
    for (let at = this.#stepAt(start); at < last; at++) {
      const end = this.#times[at + 1] as number
      if ((this.#used[at] as number) >= this.#capacity) from = end
      else if (end >= from + length) return from
    }
    return from
  }

  /** Uses one unit from `start` to `finish`, which is later. */
  add(start: number, finish: number): void {
    const first = this.#splitAt(start)
    const end = this.#splitAt(finish)
    for (let at = first; at < end; at++) this.#used[at] = (this.#used[at] as number) + 1
  }

  /** The index of the step that contains `time`. */
  #stepAt(time: number): number {
    let low = 0
    let high = this.#size - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#times[middle] as number) <= time) low = middle
      else high = middle - 1
    }
    return low
  }

  /** Splits the steps at `time`. @returns the index of the step that begins there. */
  #splitAt(time: number): number {
    const at = this.#stepAt(time)
    if (this.#times[at] === time) return at
    this.#times.copyWithin(at + 2, at + 1, this.#size)
    this.#used.copyWithin(at + 2, at + 1, this.#size)
    this.#times[at + 1] = time
    this.#used[at + 1] = this.#used[at] as number
    this.#size++
    return at + 1
  }
}
