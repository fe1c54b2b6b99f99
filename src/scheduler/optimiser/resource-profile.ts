/**
 * How much of one resource is in use at any time, as steps: `used[i]` units from `times[i]` until `times[i + 1]`, and none
 * after the last. Indices stay inside `size` by construction, which the compiler cannot see: hence `as number`.
 */
export class Profile {
  readonly #capacity: number
  readonly #times: Float64Array
  readonly #used: Int32Array
  #size = 1

  /** @param most intervals that will be added between two calls of `clear`. */
  constructor(capacity: number, most: number) {
    this.#capacity = capacity
    this.#times = new Float64Array(2 * most + 2)
    this.#used = new Int32Array(2 * most + 2)
  }

  clear(): void {
    this.#size = 1
    this.#times[0] = 0
    this.#used[0] = 0
  }

  /** The earliest time from `start` on at which one more unit is free for `length`. */
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

  /** Takes one unit from `start` to `finish`, which comes later. */
  add(start: number, finish: number): void {
    const first = this.#cut(start)
    const end = this.#cut(finish)
    for (let at = first; at < end; at++) this.#used[at] = (this.#used[at] as number) + 1
  }

  /** The step that holds `time`. */
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

  /** Makes a step begin at `time`. @returns its index. */
  #cut(time: number): number {
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
