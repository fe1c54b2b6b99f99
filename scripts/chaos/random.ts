/** Numbers that look random and come again with the same seed (mulberry32, Tommy Ettinger, public domain). */

/** A source of chance. */
export interface Random {
  /** From 0 to 1, without 1. */
  next(): number
  /** True in this share of the cases. */
  chance(share: number): boolean
  /** Between the two, evenly. */
  between(low: number, high: number): number
}

/** @param seed any whole number; the same one gives the same run of numbers. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  return {
    next,
    chance: (share) => next() < share,
    between: (low, high) => low + next() * (high - low),
  }
}
