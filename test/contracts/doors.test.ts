/**
 * The doors agree: each command, given through REST and through MCP in two repositories that are alike and where it has
 * something to do, answers the same. What was seen is the table `docs/doors.md`; `UPDATE_DOCS=1` writes it.
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { hasNoBody, routeOf } from '../../src/api/command-routes.ts'
import { callTool } from '../../src/api/mcp/call-tool.ts'
import { toolName } from '../../src/api/mcp/tools.ts'
import { callerOfToken, findToken } from '../../src/api/tokens.ts'
import type { Command } from '../../src/commands/command.ts'
import { neededPermission } from '../../src/commands/lib/give-command.ts'
import { isSlash, parseCommand } from '../../src/commands/parse.ts'
import { openApiPlace } from '../support/api-place.ts'
import { placeFor } from '../support/doors-place.ts'

type Place = Awaited<ReturnType<typeof openApiPlace>>
let places: { rest: Place; mcp: Place }
let commands: Command[]

beforeAll(async () => {
  places = { rest: await openApiPlace(), mcp: await openApiPlace() }
  commands = [...places.rest.commands.values()]
})
afterAll(async () => {
  await places.rest.close()
  await places.mcp.close()
})

/** What a door has answered. */
interface Answer {
  kind: 'data' | 'text' | 'refused'
  text: string
  data?: unknown
}

/** A command in a repository: its first example, on issue #12. */
interface Call {
  command: Command
  /** Of the repository, after `acme/`. */
  name: string
  args: Record<string, unknown>
}

async function callIn(place: Place, command: Command): Promise<Call> {
  const { name, given } = await placeFor(place, command)
  return { command, name, args: { ...exampleOf(command), ...given } }
}

function exampleOf(command: Command): Record<string, unknown> {
  const [example = ''] = command.examples
  if (!isSlash(command)) return JSON.parse(example) as Record<string, unknown>
  const parsed = parseCommand(example, '', places.rest.commands)
  if (!parsed || !('args' in parsed)) throw new Error(`the example of ${command.name} is no command`)
  return { ...parsed.args, on: 12 }
}

async function byRest({ command, name, args: call }: Call, role: 'admin' | 'read'): Promise<Answer> {
  const { method, path } = routeOf(command)
  const inPath = Object.keys(call).filter((name) => path.includes(`:${name}`))
  const filled = inPath.reduce((all, name) => all.replace(`:${name}`, String(call[name])), path)
  const rest = Object.fromEntries(Object.entries(call).filter(([name]) => !inPath.includes(name)))
  const query = new URLSearchParams(
    Object.entries(rest).map(([name, value]): [string, string] => [name, String(value)]),
  )
  const secret = await places.rest.token(role, name)
  const answer = hasNoBody(method)
    ? await places.rest.ask(`${method} ${filled}?${query}`, { secret })
    : await places.rest.ask(`${method} ${filled}`, { secret, body: rest })
  const body = (await answer.json()) as { detail?: string; text?: string } & Record<string, unknown>
  if (answer.status !== 200) return { kind: 'refused', text: String(body.detail) }
  return command.result ? { kind: 'data', text: '', data: body } : { kind: 'text', text: String(body.text) }
}

async function byMcp({ command, name, args }: Call, role: 'admin' | 'read'): Promise<Answer> {
  const { store, github, commands: all } = places.mcp
  const found = await findToken(store.db, await places.mcp.token(role, name))
  if (!('token' in found)) throw new Error(found.refused)
  const { result } = await callTool(
    { store, github, commands: all, log: pino({ level: 'silent' }) },
    { command, given: args, caller: callerOfToken(found.token), standing: undefined, key: command.name },
  )
  const [first] = result.content
  const text = first?.type === 'text' ? first.text : ''
  if (result.isError) return { kind: 'refused', text }
  return command.result ? { kind: 'data', text, data: result.structuredContent } : { kind: 'text', text }
}

/** Two places have their own times and ids: what has none is compared. */
function withoutChance(value: unknown): unknown {
  const text = JSON.stringify(value, (name, inner) => (/At$|^at$|Id$|^id$|^events$/.test(name) ? undefined : inner))
  // How long ago an event was, in the text of the terminal.
  const ageless = (text ?? 'null').replaceAll(/ +\d+ (?:s|min) {2}/g, ' … ')
  return JSON.parse(ageless.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d[T ][\d:.]+(?:Z| UTC)?/g, '…'))
}

const said = (text: string) =>
  text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\d[T ][\d:.]+(?: UTC)?/g, '…').trim()

test('each command answers the same through REST and MCP, as docs/doors.md shows', { timeout: 300_000 }, async () => {
  const rows: string[] = []
  // Each has a repository of its own, and some wait for a scheduler that is not there.
  const answers = await Promise.all(
    commands.map(async (command) => ({
      command,
      rest: await callIn(places.rest, command).then((call) => byRest(call, 'admin')),
      mcp: await callIn(places.mcp, command).then((call) => byMcp(call, 'admin')),
    })),
  )
  for (const { command, rest, mcp } of answers) {
    expect(mcp.kind, `${command.name}: ${rest.text} / ${mcp.text}`).toBe(rest.kind)
    if (rest.kind === 'data')
      expect(withoutChance(keysOf(rest.data, mcp.data)), command.name).toEqual(withoutChance(mcp.data))
    else expect(said(mcp.text), command.name).toBe(said(rest.text))
    if (rest.kind === 'refused') expect.soft(rest.text, command.name).toContain("is a person's decision")
    rows.push(rowOf(command, rest))
  }
  const table = document(rows)
  if (process.env.UPDATE_DOCS) writeFileSync('docs/doors.md', table)
  expect(readFileSync('docs/doors.md', 'utf8'), 'UPDATE_DOCS=1 npx vitest run test/contracts/doors.test.ts').toBe(table)
})

/** REST may say its sentence beside the data. */
function keysOf(rest: unknown, mcp: unknown): unknown {
  const names = Object.keys((mcp ?? {}) as object)
  return Object.fromEntries(Object.entries((rest ?? {}) as object).filter(([name]) => names.includes(name)))
}

test('what a reader may not give is refused by both, in the same words', { timeout: 300_000 }, async () => {
  for (const command of commands.filter(({ reads }) => !reads)) {
    const call = { command, name: 'app', args: exampleOf(command) }
    const [rest, mcp] = [await byRest(call, 'read'), await byMcp(call, 'read')]
    expect(rest.kind, command.name).toBe('refused')
    expect(rest.text, command.name).toContain(`needs ${command.permission} permission in acme/app`)
    expect(mcp.text, command.name).toContain(`needs ${command.permission} permission in acme/app`)
  }
})

function rowOf(command: Command, answer: Answer): string {
  const { method, path } = routeOf(command)
  const slash = isSlash(command) ? `\`/${command.name}\`` : ''
  const kinds = { data: 'data', text: 'a sentence', refused: 'refused: a person decides this' }
  const cli = `\`tutti run ${command.name}\``
  return `| ${slash} | \`${method} ${path}\` | \`${toolName(command)}\` | ${cli} | ${neededPermission(command)} | ${kinds[answer.kind]} |`
}

function document(rows: readonly string[]): string {
  return [
    '# The doors',
    '',
    'Every command, under the name that it has in each door, and what it answered when it was called with its first example, through',
    'REST and through MCP, each in a repository where it has something to do. `test/contracts/doors.test.ts` calls them all and writes',
    'this page; it fails when two doors differ. What a person decides is refused to a token: it is said in a comment or on the dashboard.',
    '',
    '| in a comment | REST | MCP | command line | needs | answered |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}
