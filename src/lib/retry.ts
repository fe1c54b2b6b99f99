/** Trying again: one loop for all that fails for a while. */

/**
 * Does `work` until it succeeds.
 * @param pauseAfter asked after each failure, with the number of tries so far: how many milliseconds to wait before the
 * next one, or undefined when there is none.
 * @throws the last error of `work`, or what `pauseAfter` throws.
 */
export async function retry<T>(
  work: () => Promise<T>,
  pauseAfter: (error: unknown, attempts: number) => number | undefined | Promise<number | undefined>,
): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await work()
    } catch (error) {
      const pauseMs = await pauseAfter(error, attempts)
      if (pauseMs === undefined) throw error
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
  }
}
