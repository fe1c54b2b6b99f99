/** The document that describes the API (OpenAPI 3.1), made of the definitions that serve it. */

import { z } from 'zod'
import type { Command } from '../commands/command.ts'
import { apiIntroduction } from '../messages/api-reference.ts'
import { commonParameters, hasNoBody, routeOf } from './command-routes.ts'
import { type ProblemKind, problemView, statusOfProblem } from './problem.ts'

/** An operation that is no command. */
export interface Operation {
  id: string
  method: 'GET' | 'POST' | 'DELETE'
  /** With `/api`; words such as `:name` are parameters. */
  path: string
  tag: string
  summary: string
  /** In path and query. */
  parameters?: z.ZodObject
  body?: z.ZodObject
  result?: z.ZodObject
  /** Of a good answer; 200 when absent. */
  status?: number
  /** The type of a good answer where it is not JSON alone. */
  stream?: 'text/event-stream'
}

type Json = Record<string, unknown>

/** Every operation can be answered with these. */
const usual: readonly ProblemKind[] = [
  'invalid-arguments',
  'not-authenticated',
  'not-allowed',
  'not-found',
  'too-many-failures',
  'internal-error',
  'unavailable',
]
const withBody: readonly ProblemKind[] = ['key-reused', 'too-large', 'not-json']

/** The document. @param version of Tutti. */
export function openApiDocument(commands: Iterable<Command>, others: readonly Operation[], version: string): Json {
  const operations = [...[...commands].map(operationOfCommand), ...others.map(operationOf)]
  const paths: Record<string, Json> = {}
  for (const { method, path, operation } of operations) {
    const shown = path.replaceAll(/:(\w+)/g, '{$1}')
    paths[shown] = { ...paths[shown], [method.toLowerCase()]: operation }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Tutti', version, description: apiIntroduction, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token such as `tutti_…`' } },
      schemas: { Problem: schemaOf(problemView, 'output') },
    },
  }
}

interface Described {
  method: string
  path: string
  operation: Json
}

function operationOfCommand(command: Command): Described {
  const { method, path } = routeOf(command)
  const result = z.object({ text: z.string().describe('The same for people; markdown'), ...command.result?.shape })
  const inQuery = hasNoBody(method)
  const all = z.object({ ...commonParameters.shape, ...command.args.shape })
  const refused: ProblemKind[] = ['refused', ...(inQuery ? [] : withBody)]
  const needs = command.reads ? 'read' : command.permission === 'admin' ? 'admin' : 'operate'
  return {
    ...{ method, path },
    operation: {
      operationId: command.name,
      tags: [path.startsWith('/api/orchestration') ? 'orchestration' : 'commands'],
      summary: command.summary,
      description: `Role: \`${needs}\`.`,
      parameters: [
        ...(inQuery ? parametersOf(all, path) : parametersOf(onlyPath(all, path), path)),
        ...(inQuery ? [] : [idempotencyKey]),
      ],
      ...(inQuery ? {} : { requestBody: bodyOf(withoutPath(all, path), command) }),
      responses: responsesOf({ status: 200, result, text: true }, [...usual, ...refused]),
    },
  }
}

function operationOf(one: Operation): Described {
  const { id, method, path, tag, summary, parameters, body, result, status = 200, stream } = one
  return {
    ...{ method, path },
    operation: {
      ...{ operationId: id, tags: [tag], summary },
      ...(parameters ? { parameters: parametersOf(parameters, path) } : {}),
      ...(body ? { requestBody: { required: true, content: json(schemaOf(body, 'input')) } } : {}),
      responses: responsesOf({ status, result, stream }, [...usual, ...(body ? withBody : [])]),
    },
  }
}

const idempotencyKey: Json = {
  ...{ name: 'Idempotency-Key', in: 'header', required: false },
  description: 'Two calls with the same key act once, and get the same answer',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
}

const wordsIn = (path: string) => [...path.matchAll(/:(\w+)/g)].map(([, word = '']) => word)

function onlyPath(all: z.ZodObject, path: string): z.ZodObject {
  return z.object(Object.fromEntries(Object.entries(all.shape).filter(([name]) => wordsIn(path).includes(name))))
}

function withoutPath(all: z.ZodObject, path: string): z.ZodObject {
  return z.strictObject(Object.fromEntries(Object.entries(all.shape).filter(([name]) => !wordsIn(path).includes(name))))
}

function parametersOf(all: z.ZodObject, path: string): Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(all, { io: 'input' })
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = typeof property === 'object' ? property : {}
    const inPath = wordsIn(path).includes(name)
    return {
      ...{ name, in: inPath ? 'path' : 'query', required: inPath || required.includes(name) },
      ...(description === undefined ? {} : { description }),
      schema,
    }
  })
}

function bodyOf(shape: z.ZodObject, command: Command): Json {
  const schema = schemaOf(shape, 'input')
  const required = Array.isArray(schema.required) && schema.required.length > 0
  const examples = command.examples.filter((example) => example.startsWith('{'))
  return {
    required,
    content: json(schema, examples.length > 0 ? { example: JSON.parse(examples[0] ?? '{}') } : {}),
  }
}

function responsesOf(
  good: { status: number; result?: z.ZodObject | undefined; text?: boolean; stream?: string | undefined },
  problems: readonly ProblemKind[],
): Json {
  const statuses = [...new Set(problems.map(statusOfProblem))].sort()
  const text = { schema: { type: 'string' } }
  return {
    [good.status]: {
      description: 'Done',
      content: {
        ...(good.result ? json(schemaOf(good.result, 'output')) : {}),
        ...(good.text ? { 'text/plain': text } : {}),
        ...(good.stream ? { [good.stream]: text } : {}),
      },
    },
    ...Object.fromEntries(statuses.map((status) => [status, problemResponse])),
  }
}

const problemResponse: Json = {
  description: 'A problem',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
}

function json(schema: Json, more: Json = {}): Json {
  return { 'application/json': { schema, ...more } }
}

function schemaOf(shape: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema, ...schema } = z.toJSONSchema(shape, { io }) as Json
  return schema
}
