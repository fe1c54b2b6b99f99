import { beforeAll, expect, test } from 'vitest'
import { toolOf } from '../../../src/api/mcp/tools.ts'
import type { Command } from '../../../src/commands/command.ts'
import { loadCommands } from '../../../src/commands/registry.ts'

let commands: ReadonlyMap<string, Command>
beforeAll(async () => {
  commands = await loadCommands()
})

const toolFor = (name: string) => {
  const command = commands.get(name)
  if (!command) throw new Error(`there is no ${name}`)
  return toolOf(command)
}

test('every command is a tool whose schemas are objects without `$schema`', () => {
  for (const tool of [...commands.values()].map(toolOf)) {
    expect(tool.name).toMatch(/^[a-z]+(_[a-z]+)*$/)
    expect(tool.inputSchema, tool.name).toMatchObject({ type: 'object', properties: { repository: {}, on: {} } })
    expect(tool.outputSchema?.type ?? 'object', tool.name).toBe('object')
    expect(JSON.stringify(tool)).not.toContain('$schema')
  }
})

test('a tool says what a client may assume about it', () => {
  expect(toolFor('list-agents').annotations).toMatchObject({ readOnlyHint: true, destructiveHint: false })
  expect(toolFor('terminate-agent').annotations).toMatchObject({ readOnlyHint: false, destructiveHint: true })
  expect(toolFor('spawn-agent').annotations).toMatchObject({ idempotentHint: false, destructiveHint: false })
  expect(toolFor('pause-orchestrator').annotations).toMatchObject({ idempotentHint: true })
})

test('what is about one issue needs its number', () => {
  expect(toolFor('queue').inputSchema.required).toEqual(['on'])
  expect(toolFor('spawn-agent').inputSchema.required).toEqual(['moduleId'])
})
