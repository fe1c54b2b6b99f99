/** What the reader of a settings file says about a key that is not known. */

import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'

interface JsonNode {
  properties?: Record<string, JsonNode>
  additionalProperties?: JsonNode
  items?: JsonNode
}

/**
 * Sentences about unknown keys, each with the nearest known one; undefined when the issue is another one.
 * @param schema the schema of the whole file.
 */
export function unknownKeys(issue: z.core.$ZodIssue, schema: z.ZodType): string[] | undefined {
  if (issue.code !== 'unrecognized_keys') return undefined
  return issue.keys.map((key) => {
    const meant = didYouMean(key, keysAt(schema, issue.path))
    return `unknown key \`${[...issue.path, key].join('.')}\`${meant ? `; did you mean \`${meant}\`?` : ''}`
  })
}

/** The known keys at a path of the schema; none where it is not an object. */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let node = z.toJSONSchema(schema, { io: 'input' }) as JsonNode | undefined
  for (const step of path) {
    node = typeof step === 'number' ? node?.items : (node?.properties?.[String(step)] ?? node?.additionalProperties)
  }
  return Object.keys(node?.properties ?? {})
}
