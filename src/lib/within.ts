/** Waiting for something for a limited time. */

/**
 * What a promise resolves to, or `'late'` when it has not within `ms` milliseconds. It is not cancelled; a failure that
 * comes too late is dropped.
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms)
  })
  work.catch(() => {})
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
