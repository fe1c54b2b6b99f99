/** A program steers Tutti by MCP, with the SDK's own client. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { expect, onTestFinished, test } from 'vitest'
import { openWorld, type World } from '../support/world.ts'

/** The names that users of other orchestrators know. */
const wellKnown = [
  ...['init_orchestrator', 'get_orchestrator', 'pause_orchestrator', 'resume_orchestrator', 'shutdown_orchestrator'],
  ...['spawn_agent', 'spawn_agents_auto', 'list_agents', 'get_agent', 'get_agents_by_module', 'terminate_agent'],
  ...['get_work_queue', 'get_next_work', 'get_orchestration_progress', 'get_orchestration_events'],
  ...['render_orchestration_terminal', 'run_autonomous_cycle'],
]

interface Access {
  url: string
  token: string
}

function accessOf(world: World): Access {
  return JSON.parse(readFileSync(join(world.env.DATA_DIR ?? '', 'operator.json'), 'utf8')) as Access
}

async function connect({ url, token }: Access): Promise<Client> {
  const client = new Client({ name: 'story', version: '1' })
  const headers = { authorization: `Bearer ${token}` }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }))
  onTestFinished(() => client.close())
  return client
}

/** Calls a tool that must be carried out. @returns its data. */
async function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  const result = await client.callTool({ name, arguments: args })
  expect(result.isError, JSON.stringify(result.content)).toBeFalsy()
  return result.structuredContent as Record<string, unknown>
}

test('a program initialises, starts an agent in a module, watches it and ends it', async () => {
  const world = await openWorld({ hostProcesses: true })
  const client = await connect(accessOf(world))
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(expect.arrayContaining(wellKnown))

  // The repository is known once the first look at the installations has ended.
  const begin = () => client.callTool({ name: 'init_orchestrator', arguments: { systemId: 'acme/app' } })
  await expect.poll(async () => (await begin()).isError ?? false, { timeout: 60_000 }).toBe(false)
  expect(await call(client, 'init_orchestrator', { systemId: 'acme/app' })).toMatchObject({ systemId: 'acme/app' })
  expect(await call(client, 'pause_orchestrator')).toMatchObject({ status: 'paused' })
  const issue = await world.issue('Sign in', 'wait-for never')
  await world.maintainer.addLabels(world.repository, issue.number, ['tutti', 'module:auth'])
  await world.untilStatus(issue, /paused/i)
  const queue = await call(client, 'get_work_queue')
  expect(queue.totals).toMatchObject({ pending: 1, inProgress: 0 })

  expect(await call(client, 'resume_orchestrator')).toMatchObject({ status: 'active' })
  const spawned = await call(client, 'spawn_agent', { moduleId: 'auth', loopId: 'engineering-loop', scope: 'Sign in' })
  expect(spawned).toMatchObject({ issue: issue.number })
  await world.untilStatus(issue, /is working|Working/i)
  const { agents } = (await call(client, 'list_agents')) as { agents: { agentId: string; moduleId: string }[] }
  expect(agents).toMatchObject([{ moduleId: 'auth', issue: issue.number }])

  const view = await call(client, 'render_orchestration_terminal', { width: 100 })
  expect(view.view).toContain('auth')
  const { resources } = await client.listResources()
  expect(resources.map(({ uri }) => uri)).toContain('tutti://acme/app/work-queue')
  const read = await client.readResource({ uri: 'tutti://acme/app/audit-log' })
  expect(JSON.stringify(read.contents)).toContain('token:operator')

  await call(client, 'terminate_agent', { agentId: agents[0]?.agentId })
  await expect.poll(async () => (await call(client, 'list_agents', { status: 'working' })).agents).toEqual([])
})
