/** People steer a running Tutti from the command line, and programs by `tutti mcp`. */

import { execFile, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, onTestFinished, test } from 'vitest'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const program = fileURLToPath(new URL('../../src/tutti.js', import.meta.url))

interface Ended {
  code: number
  out: string
  err: string
}

/** Runs `tutti …` where the data directory of the world is, and nothing else that is set up. */
async function tutti(world: World, ...args: string[]): Promise<Ended> {
  const env = { PATH: world.env.PATH, DATA_DIR: world.env.DATA_DIR, NODE_NO_WARNINGS: '1' }
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], {
      env,
      cwd: world.directory,
    })
    return { code: 0, out: stdout, err: stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, out: stdout, err: stderr }
  }
}

/** The agent of these stories is silent for as long as a busy machine takes. */
const settings = plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 10')

test('an issue is queued, seen and stopped from a shell', { timeout: 240_000 }, async () => {
  const world = await openWorld({ hostProcesses: true, settings })
  const issue = await world.issue('Greet \u001b[31mloudly 👋', 'wait-for never')
  expect(await tutti(world, 'queue', 'acme/app#1')).toMatchObject({ code: 0, err: '' })
  await world.untilStatus(issue, /is working|Working/i)

  const status = await tutti(world, 'status', 'acme/app')
  expect(status).toMatchObject({ code: 0, err: '' })
  expect(status.out).toMatch(/acme\/app +active/)
  expect(status.out).not.toContain('\u001b')
  expect(JSON.parse((await tutti(world, 'status', '--json')).out).agents).toMatchObject([{ issue: 1 }])
  expect(await tutti(world, 'run', 'whi', '1')).toMatchObject({ code: 2, err: expect.stringContaining('"why"') })
  expect(await tutti(world, 'queue', 'acme/other#1')).toMatchObject({
    code: 3,
    err: expect.stringContaining('acme/other'),
  })
  expect(await tutti(world, 'status', '--token', 'tutti_wrong')).toMatchObject({ code: 4 })
  expect(await tutti(world, 'stop', 'acme/app#1')).toMatchObject({ code: 0 })
  await world.untilStatus(issue, /paused/i)
  await world.stopTutti()
  const gone = await tutti(world, 'status')
  expect(gone).toMatchObject({ code: 4, err: expect.stringContaining('tutti serve') })
})

const tmux = spawnSync('tmux', ['-V']).status === 0

test.skipIf(!tmux)(
  '`tutti top` is live, fits the window, and gives the terminal back',
  { timeout: 240_000 },
  async () => {
    const world = await openWorld({ hostProcesses: true, settings })
    const socket = `tutti-story-${process.pid}`
    const inTmux = async (...args: string[]) => (await promisify(execFile)('tmux', ['-L', socket, ...args])).stdout
    onTestFinished(() => void spawnSync('tmux', ['-L', socket, 'kill-server']))
    await inTmux('-f', '/dev/null', 'new-session', '-d', '-x', '90', '-y', '24', 'sh')
    const screen = () => inTmux('capture-pane', '-p')
    const patience = { timeout: 60_000, interval: 200 }
    const command = `DATA_DIR=${world.env.DATA_DIR} ${process.execPath} ${program} top; echo over with $?`
    await inTmux('send-keys', '-l', command)
    await inTmux('send-keys', 'Enter')
    await expect.poll(screen, patience).toMatch(/acme\/app +active[\s\S]*no agent is at work[\s\S]*q quits/)
    await world.queued('Greet \u001b[31mloudly 👋 世界', 'wait-for never')
    await expect.poll(screen, patience).toMatch(/● \w+ +#1/)
    await inTmux('resize-window', '-x', '120', '-y', '16')
    await expect.poll(async () => (await screen()).split('\n').some((line) => line.length > 100), patience).toBe(true)
    console.log(await screen())
    await inTmux('send-keys', 'q')
    await expect.poll(screen, patience).toMatch(/over with 0/)
    expect(await screen()).not.toContain('q quits')
    expect(await inTmux('display-message', '-p', '#{cursor_flag} #{alternate_on}')).toBe('1 0\n')
  },
)

test('an agent of someone connects by `tutti mcp`', async () => {
  const world = await openWorld()
  const client = new Client({ name: 'story', version: '1' })
  onTestFinished(() => client.close())
  const env = { PATH: world.env.PATH ?? '', DATA_DIR: world.env.DATA_DIR ?? '' }
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [program, 'mcp'], env, cwd: world.directory }),
  )
  const { tools } = await client.listTools()
  expect(tools.map(({ name }) => name)).toContain('spawn_agent')
  const steps: number[] = []
  const result = await client.callTool({ name: 'init_orchestrator', arguments: { systemId: 'acme/app' } }, undefined, {
    onprogress: ({ progress }) => steps.push(progress),
  })
  expect(result.structuredContent).toMatchObject({ systemId: 'acme/app', status: 'active' })
  expect(steps).toContain(0)
  const refused = await client.callTool({ name: 'spawn_agent', arguments: { moduleId: 'auth' } })
  expect(refused.isError).toBe(true)
})

test('without a Tutti, `tutti mcp` says so and ends', async () => {
  const world = await openWorld({ start: false })
  const ended = await tutti(world, 'mcp')
  expect(ended).toMatchObject({ code: 4, out: '' })
  expect(ended.err).toContain(join(world.env.DATA_DIR ?? '', 'operator.json'))
})
