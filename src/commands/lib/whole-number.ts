/** Whole numbers in arguments. */

import { z } from 'zod'

/** A whole number, also as text: addresses of REST have no numbers. */
export function wholeNumber(least: number, most: number = Number.MAX_SAFE_INTEGER) {
  const read = (value: unknown) => (typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value)
  return z.preprocess(read, z.number().int().min(least).max(most))
}
