/** Merging configuration that is written as JSON. */

import { OperatorError } from './errors.ts'

type Json = Record<string, unknown>

/** Two objects as one: objects inside are merged, of everything else the value of `over` counts. */
export function mergeJson(base: Json, over: Json): Json {
  const merged = { ...base }
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined
    merged[key] = isObject(before) && isObject(value) ? mergeJson(before, value) : value
  }
  return merged
}

/**
 * The object that a variable holds as JSON; an empty one when it is not set.
 * @throws {OperatorError} naming the variable when it is no object.
 */
export function jsonVariable(name: string, value: string | undefined): Json {
  if (!value?.trim()) return {}
  try {
    const parsed: unknown = JSON.parse(value)
    if (isObject(parsed)) return parsed
  } catch {
    // Said below, without the text: it may hold a key.
  }
  throw new OperatorError(`${name} is not a JSON object`, 'Mend the variable and start again.')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
