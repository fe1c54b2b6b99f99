/** Reproducible random numbers: the scheduler never uses `Math.random`. */

/** A number from 0 (included) to 1 (excluded). */
export type Random = () => number

/**
 * The generator sfc32 (small fast counting, from the PractRand test suite), which passes its tests with 128 bits of
 * state.
 * @param seed any whole number; the same one gives the same sequence everywhere.
 */
export function seeded(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, (seed / 2 ** 32) | 0, 0x9e3779b9 | 0, 1]
  const next = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return (sum >>> 0) / 2 ** 32
  }
  // Similar seeds give similar first numbers.
  for (let round = 0; round < 15; round++) next()
  return next
}

/** A whole number from 0 (included) to `below` (excluded). */
export function randomInt(random: Random, below: number): number {
  return Math.floor(random() * below)
}

/**
 * A factor whose logarithm is normal with mean 0 (Box and Muller 1958): the error of an estimate of effort.
 * @param sigma standard deviation of the logarithm; 0.5 means that two in three lie between 0.61 and 1.65.
 */
export function lognormal(random: Random, sigma: number): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random()))
  return Math.exp(sigma * radius * Math.cos(2 * Math.PI * random()))
}
