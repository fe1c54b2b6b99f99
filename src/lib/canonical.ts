/**
 * A JSON value whose objects have their keys in the order of the alphabet, without undefined ones: equal values have
 * the same text.
 */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(
    sorted.filter(([, inner]) => inner !== undefined).map(([key, inner]) => [key, canonical(inner)]),
  )
}
