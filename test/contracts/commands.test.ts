/** The contract of the commands socket: every file in `src/commands` fits, and the loader refuses what does not. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { commandTable } from '../../src/commands/lib/readme-table.ts'
import { commandUsage, isSlash, parseCommand } from '../../src/commands/parse.ts'
import { loadCommands } from '../../src/commands/registry.ts'
import { permits } from '../../src/domain/permissions.ts'
import { OperatorError } from '../../src/lib/errors.ts'
import { sanitiseMarkdown } from '../../src/lib/sanitise.ts'
import { withPrefix } from '../../src/messages/commands/typed.ts'

const commands = await loadCommands()

it('holds the commands of the first release', () => {
  const names = ['help', 'merge', 'pause', 'queue', 'resume', 'retry', 'status', 'stop', 'unqueue']
  expect([...commands.keys()]).toEqual(expect.arrayContaining(names))
})

describe.each([...commands])('/%s', (name, command) => {
  it('has the name of its file, a short summary and a permission that outsiders do not have', () => {
    expect(command.name).toBe(name)
    expect(command.summary.length).toBeLessThanOrEqual(80)
    expect(command.summary).toMatch(/^[A-Z]/)
    expect(command.summary).not.toMatch(/[.\n|]$/)
    for (const outsider of ['none', 'read', 'triage'] as const)
      expect(permits(outsider, command.permission)).toBe(false)
  })

  it('has examples that parse to it, with and without a prefix', () => {
    for (const example of command.examples) {
      if (!isSlash(command)) {
        expect(command.args.safeParse(JSON.parse(example)), example).toMatchObject({ success: true })
        continue
      }
      for (const prefix of ['', '/tutti']) {
        const parsed = parseCommand(withPrefix(example, prefix), prefix, commands)
        expect(parsed, example).toMatchObject({ command: { name } })
      }
    }
  })

  it('has arguments that REST and MCP can describe, and words that are arguments', () => {
    const { properties = {}, additionalProperties } = z.toJSONSchema(command.args)
    expect(additionalProperties).toBe(false)
    for (const word of command.positional) expect(Object.keys(properties)).toContain(word)
    for (const [key, schema] of Object.entries(properties)) {
      expect(schema, `${key} has a description`).toHaveProperty('description')
    }
  })

  it('is in the table for the README when it is a slash command', () => {
    const table = expect(commandTable(commands.values()))
    const row = isSlash(command) ? table : table.not
    row.toContain(`| \`${commandUsage(command)}\` | ${command.summary} |`)
  })
})

it('an example in the text of an agent does not act', () => {
  for (const { examples } of commands.values()) {
    for (const example of examples) expect(parseCommand(sanitiseMarkdown(example), '', commands)).toBeUndefined()
  }
})

describe('the loader', () => {
  let folder: string
  const definition = pathToFileURL(join(import.meta.dirname, '../../src/commands/command.ts')).href
  const zodPath = import.meta.resolve('zod')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-socket-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function load(file: string, fields: string): Promise<unknown> {
    const place = await mkdtemp(join(folder, 'case-'))
    const source = `import { z } from '${zodPath}'\nimport { defineCommand } from '${definition}'\nexport const ${fields}`
    await writeFile(join(place, file), source)
    return loadCommands(place).catch((error: unknown) => error)
  }

  const good = `{ name: 'wave', summary: 'Waves', examples: ['/wave'], args: z.strictObject({}), positional: [], permission: 'write', where: 'anywhere', reads: true, run: async () => ({ text: 'hi', outcome: 'done' }) }`

  it('takes a file that fits', async () => {
    const loaded = await load('wave.ts', `command = defineCommand(${good})`)
    expect(loaded).toBeInstanceOf(Map)
    expect([...(loaded as Map<string, unknown>).keys()]).toEqual(['wave'])
  })

  it.each([
    ['another name', 'bow.ts', `command = defineCommand(${good})`, /bow\.ts does not fit: command\.name is "wave"/],
    ['nothing exported', 'wave.ts', `other = defineCommand(${good})`, /wave\.ts does not fit: command is not exported/],
    [
      'a long summary',
      'wave.ts',
      `command = defineCommand(${good.replace('Waves', 'W'.repeat(81))})`,
      /command\.summary/,
    ],
    ['no examples', 'wave.ts', `command = defineCommand(${good.replace("['/wave']", '[]')})`, /command\.examples/],
    [
      'an unknown permission',
      'wave.ts',
      `command = defineCommand(${good.replace("'write'", "'owner'")})`,
      /permission/,
    ],
    [
      'arguments of no schema',
      'wave.ts',
      `command = defineCommand(${good.replace('z.strictObject({})', '{}')})`,
      /args/,
    ],
    ['an unknown field', 'wave.ts', `command = { ...defineCommand(${good}), hidden: true }`, /hidden/],
    [
      'no function',
      'wave.ts',
      `command = { ...defineCommand(${good}), run: 'yes' }`,
      /command\.run must be a function/,
    ],
    ['a file that throws', 'wave.ts', `command = undefinedName`, /wave\.ts cannot be loaded/],
  ])('refuses %s, naming file and field', async (_, file, source, message) => {
    const refused = await load(file, source)
    expect(refused).toBeInstanceOf(OperatorError)
    expect((refused as Error).message).toMatch(message)
  })
})
