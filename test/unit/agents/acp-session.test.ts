import { fileURLToPath } from 'node:url'
import type { McpServer } from '@agentclientprotocol/sdk'
import { describe, expect, it } from 'vitest'
import { agentKindSchema } from '../../../src/agents/agent.ts'
import { bench, places } from '../../support/agent-bench.ts'

const program = fileURLToPath(new URL('../../fixtures/picky.fixture.ts', import.meta.url))
const picky = agentKindSchema.parse({
  id: 'picky',
  title: 'Picky',
  protocol: 'acp',
  start: () => ({ file: process.execPath, args: [program] }),
  env: ['PICKY_KEY'],
  authenticate: [{ method: 'key', whenEnv: 'PICKY_KEY' }],
  install: 'nothing to install',
})
const open = agentKindSchema.parse({ ...picky, start: () => ({ file: process.execPath, args: [program, 'open'] }) })
const env = { PATH: process.env.PATH ?? '' }

describe('a session', () => {
  it.each(places)('signs in when it is asked to and a key is there ($place)', async ({ inThread }) => {
    const { run } = await bench({ inThread })
    expect(await run({ kind: picky, env: { ...env, PICKY_KEY: 'k' } })).toEqual({
      kind: 'finished',
      stopReason: 'end_turn',
      summary: 'initialize session/new mcp= authenticate session/new mcp= session/prompt',
      usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    })
  })

  it('needs a login when no key is there, and does not try', async () => {
    const { run } = await bench()
    expect(await run({ kind: picky, env })).toEqual({
      kind: 'needs-login',
      message: 'Authentication required',
      install: 'nothing to install',
    })
  })

  it.each(places)(
    'hands over the MCP servers that the agent can use, and says which it cannot ($place)',
    async ({ inThread }) => {
      const { run, updates } = await bench({ inThread })
      const mcpServers: McpServer[] = [
        { type: 'http', name: 'web', url: 'http://127.0.0.1:1/mcp', headers: [] },
        { name: 'local', command: '/bin/true', args: [], env: [] },
      ]
      const outcome = await run({ kind: open, mcpServers })
      expect(outcome).toMatchObject({ summary: 'initialize session/new mcp=local session/prompt' })
      expect(updates).toContainEqual({ kind: 'notice', text: 'the agent cannot use the MCP server web' })
    },
  )

  it('chooses the model that the settings name, and goes on when there is none like it', async () => {
    const { run, updates } = await bench()
    expect(await run({ kind: open, settings: { model: 'large' } })).toMatchObject({
      summary: 'initialize session/new mcp= session/set_config_option model=large session/prompt',
    })
    expect(await run({ kind: open, settings: { model: 'huge' } })).toMatchObject({ kind: 'finished' })
    expect(updates).toContainEqual({ kind: 'notice', text: 'the agent did not take the model huge: no such model' })
  })
})
