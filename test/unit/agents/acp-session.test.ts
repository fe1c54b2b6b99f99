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

  it('chooses the model that the settings name, and ends before the first prompt when it is not offered', async () => {
    const { run, updates } = await bench()
    expect(await run({ kind: open, settings: { model: 'large' } })).toMatchObject({
      summary: 'initialize session/new mcp= session/set_config_option model=large session/prompt',
    })
    expect(updates).toContainEqual({
      ...{ kind: 'session', id: 's1', program: '', model: 'large', mode: '' },
      ...{ continued: false, lasting: false },
    })
    expect(await run({ kind: open, settings: { model: 'huge' } })).toEqual({
      kind: 'provider-failed',
      problem: 'model',
      message: 'the model huge is not offered; there are small, large',
    })
  })

  const failing = (mode: string) =>
    agentKindSchema.parse({ ...picky, start: () => ({ file: process.execPath, args: [program, 'open', mode] }) })

  it.each(places)("is no finished turn when its answer holds the provider's failure ($place)", async ({ inThread }) => {
    const { run } = await bench({ inThread })
    expect(await run({ kind: failing('apology') })).toEqual({
      kind: 'provider-failed',
      problem: 'outage',
      message: 'High demand, please wait.',
    })
  })

  it('is no finished turn when it ends with a refused permission', async () => {
    const { run } = await bench()
    expect(await run({ kind: failing('refused') })).toEqual({
      kind: 'unfinished',
      message: 'it ended its turn when it was not allowed to “Write /etc/x” (/etc/x is outside of the workspace)',
    })
  })

  it('ends when the agent does not answer `initialize` in time', async () => {
    const { run } = await bench()
    const limits = { totalMs: 20_000, idleMs: 10_000, initializeMs: 300, outputBytes: 1e6, graceMs: 200 }
    expect(await run({ kind: failing('mute'), limits })).toMatchObject({
      kind: 'protocol-error',
      reason: 'slow-start',
    })
  })
})
