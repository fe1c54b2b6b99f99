/** The contract of the API: every route and every command, also those that come later, refuses what it must refuse. */

import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Command } from '../../src/commands/command.ts'
import { parseCommand } from '../../src/commands/parse.ts'
import { type DocumentedOperation, readDocument } from '../support/api-document.ts'
import { openApiPlace } from '../support/api-place.ts'

type Document = ReturnType<typeof readDocument>
let place: Awaited<ReturnType<typeof openApiPlace>>
let document: Document

beforeAll(async () => {
  place = await openApiPlace()
  const answer = await place.ask('GET /api/openapi.json')
  document = readDocument((await answer.json()) as Record<string, unknown>)
})
afterAll(() => place.close())

const foreignHeaders: Record<string, string>[] = [
  { Origin: 'https://evil.example' },
  { Origin: 'null' },
  { Host: 'evil.example:3000' },
]

const filled = (path: string) => path.replaceAll(/\{\w+\}/g, '1')
const line = ({ method, path }: DocumentedOperation, query = '') => `${method} ${filled(path)}${query}`

/** Every operation, one after another. */
async function forAll(
  check: (operation: DocumentedOperation) => Promise<void>,
  only: (operation: DocumentedOperation) => boolean = () => true,
): Promise<void> {
  const some = document.operations.filter(only)
  expect(some.length).toBeGreaterThan(0)
  for (const operation of some) await check(operation)
}

const isCommand = ({ operationId }: DocumentedOperation) => place.commands.has(operationId)

test('every command is an operation, with a name of its own', () => {
  const ids = document.operations.map(({ operationId }) => operationId)
  expect(ids).toEqual(expect.arrayContaining([...place.commands.keys()]))
  expect(new Set(ids).size).toBe(ids.length)
})

test('nothing opens without a token, with an unknown one, or to a page of another site', async () => {
  const secret = await place.token('admin', 'all')
  await forAll(async (operation) => {
    const none = await place.ask(line(operation))
    expect(none.headers.get('WWW-Authenticate')).toMatch(/^Bearer/)
    expect(none.status).toBe(401)
    await document.described(operation, none)
    const basic = await place.ask(line(operation), { headers: { Authorization: `Basic ${secret}` } })
    expect(basic.status).toBe(401)
    for (const headers of foreignHeaders) {
      const foreign = await place.ask(line(operation), { secret, headers })
      expect(foreign.status, JSON.stringify(headers)).toBe(403)
      expect(await document.described(operation, foreign)).toMatchObject({ type: 'urn:tutti:problem:foreign-request' })
    }
  })
})

test('a repository outside of the scope does not exist', async () => {
  const secret = await place.token('admin')
  await forAll(async (operation) => {
    const other = { repository: 'acme/other' }
    const answer = operation.hasBody
      ? await place.ask(line(operation), { secret, body: { ...argumentsOf(operation).args, ...other } })
      : await place.ask(line(operation, queryOf({ ...argumentsOf(operation).args, ...other })), { secret })
    expect(answer.status, operation.operationId).toBe(404)
    await document.described(operation, answer)
  }, isCommand)
})

test('the role `read` changes nothing', async () => {
  const secret = await place.token('read')
  await forAll(
    async (operation) => {
      const { args } = argumentsOf(operation)
      const answer = operation.hasBody
        ? await place.ask(line(operation), { secret, body: args })
        : await place.ask(line(operation, queryOf(args)), { secret })
      expect(answer.status, operation.operationId).toBe(403)
      await document.described(operation, answer)
    },
    (operation) => isCommand(operation) && place.commands.get(operation.operationId)?.reads === false,
  )
})

test('arguments that do not fit are refused, whatever they are', async () => {
  const secret = await place.token('admin', 'all')
  await forAll(
    async (operation) => {
      const wrong = { bogus: ['<script>', 1], __proto__: { on: 1 } }
      const answers = operation.hasBody
        ? [
            await place.ask(line(operation), { secret, body: wrong }),
            await place.ask(line(operation), { secret, body: { repository: 7 } }),
            await place.ask(line(operation), { secret, body: '{"a":' }),
            await place.ask(line(operation), { secret, body: '[1]' }),
          ]
        : [await place.ask(line(operation, '?bogus=1&bogus=2'), { secret })]
      for (const answer of answers) {
        expect(answer.status, operation.operationId).toBe(400)
        await document.described(operation, answer)
      }
      if (!operation.hasBody) return
      const large = await place.ask(line(operation), { secret, body: { text: 'x'.repeat(1_000_001) } })
      expect(large.status).toBe(413)
      await document.described(operation, large)
      const form = await place.ask(line(operation), { secret, body: 'a=1', headers: { 'Content-Type': 'text/plain' } })
      expect(form.status).toBe(415)
      await document.described(operation, form)
    },
    (operation) => isCommand(operation) || operation.hasBody,
  )
})

test('another method is refused, and the answer names those that are possible', async () => {
  const secret = await place.token('admin', 'all')
  await forAll(async ({ path }) => {
    const answer = await place.ask(`PATCH ${filled(path)}`, { secret })
    expect(answer.status, path).toBe(405)
    expect(answer.headers.get('Allow')).toMatch(/GET|POST|PUT|DELETE/)
  })
})

test('every command answers as the document says, with its own examples', async () => {
  const secret = await place.token('admin')
  await forAll(async (operation) => {
    const { args, on } = argumentsOf(operation)
    const given = { ...args, ...(on === undefined ? {} : { on }) }
    const answer = operation.hasBody
      ? await place.ask(line(operation), { secret, body: given })
      : await place.ask(line(operation, queryOf(given)), { secret })
    expect([200, 404, 422], operation.operationId).toContain(answer.status)
    await document.described(operation, answer)
  }, isCommand)
})

/** Arguments of an example, without those that are in the path. */
function argumentsOf({ operationId, path }: DocumentedOperation): { args: Record<string, unknown>; on?: number } {
  const command = place.commands.get(operationId) as Command
  const [example = ''] = command.examples
  const parsed = example.startsWith('{') ? undefined : parseCommand(example, '', place.commands)
  const args = (parsed && 'args' in parsed ? parsed.args : JSON.parse(example)) as Record<string, unknown>
  const inBody = Object.entries(args).filter(([name]) => !path.includes(`{${name}}`))
  return { args: Object.fromEntries(inBody), ...(command.slash === false ? {} : { on: 12 }) }
}

function queryOf(values: Record<string, unknown>): string {
  const query = new URLSearchParams(
    Object.entries(values).map(([name, value]): [string, string] => [name, String(value)]),
  )
  return query.size > 0 ? `?${query}` : ''
}
