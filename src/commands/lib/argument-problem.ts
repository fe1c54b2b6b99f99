/** What is wrong with an argument, in words: its name, what it must be, and what was given. */

import { z } from 'zod'
import { didYouMean } from '../../lib/did-you-mean.ts'
import * as messages from '../../messages/commands/help.ts'
import type { Command } from '../command.ts'

/**
 * Describes the first problem that the schema of a command has found.
 * @param given the arguments that were checked.
 * @returns a part of a sentence, without a stop.
 */
export function argumentProblem(command: Pick<Command, 'args'>, error: z.ZodError, given: unknown): string {
  const [issue] = error.issues
  if (!issue) return messages.argumentsDoNotFit
  const { properties = {} } = z.toJSONSchema(command.args, { unrepresentable: 'any' })
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys
    return messages.unknownArgument(key, didYouMean(key, Object.keys(properties)), Object.keys(properties))
  }
  const [name] = issue.path
  if (name === undefined) return messages.argumentsMustBeObject
  const value = issue.path.reduce<unknown>(inside, given)
  const schema = properties[String(name)]
  const own = issue.code === 'invalid_format' || issue.code === 'custom' || !issue.message.startsWith('Invalid ')
  const ownWords = own && /^(?:must|is|an? |the )/.test(issue.message) ? issue.message : undefined
  const wanted = ownWords ?? messages.argumentMustBe(expectation(typeof schema === 'object' ? schema : {}))
  return messages.argumentIsWrong(String(name), wanted, value)
}

function inside(outer: unknown, name: PropertyKey): unknown {
  return typeof outer === 'object' && outer !== null ? (outer as Record<PropertyKey, unknown>)[name] : undefined
}

type JsonSchema = z.core.JSONSchema.BaseSchema

/** What a value must be, such as “a whole number from 0 to 3”. */
function expectation(schema: JsonSchema): string {
  if (schema.const !== undefined) return messages.oneOf([schema.const])
  if (schema.enum) return messages.oneOf(schema.enum)
  switch (schema.type) {
    case 'integer':
    case 'number':
      return messages.aNumber(schema.type === 'integer', bound(schema.minimum), bound(schema.maximum))
    case 'boolean':
      return messages.trueOrFalse
    case 'array':
      return messages.aList(schema.minItems ?? 0, schema.maxItems)
    default:
      return messages.aText(schema.minLength ?? 0, schema.maxLength)
  }
}

/** JSON Schema names the largest safe integers where there is no bound. */
function bound(limit: number | undefined): number | undefined {
  return limit === undefined || Math.abs(limit) === Number.MAX_SAFE_INTEGER ? undefined : limit
}
