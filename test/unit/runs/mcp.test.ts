/** The MCP server of a run: who is served, what is refused, and what is left when the run is over. */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, onTestFinished, test } from 'vitest'
import { LeaseLost } from '../../../src/db/runs.ts'
import type { Submission } from '../../../src/domain/plan.ts'
import { findOnPath } from '../../../src/lib/find-on-path.ts'
import { serveTools, type Tool, type ToolServer } from '../../../src/runs/mcp/serve.ts'
import { planningTools, progressTool } from '../../../src/runs/mcp/tools.ts'

const quiet = { debug: () => {}, warn: () => {} }
const plan = { summary: 'Do it.', steps: ['One'], effort: 'S', risk: 'low', confidence: 1 }

const socat = findOnPath('socat', process.env.PATH)
/** The programs that carry bytes between an agent and the server; a machine without socat tests the other alone. */
const pipes: [string, string | undefined][] = [
  ['node', undefined],
  ...(socat ? [['socat', socat] as [string, string]] : []),
]

async function open(
  tools: Tool[],
  folder = 'home',
  pipe: string | undefined = socat,
): Promise<{ home: string; desk: ToolServer }> {
  const place = mkdtempSync(join(tmpdir(), 'tutti-tools-'))
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const home = join(place, folder)
  const desk = await serveTools({ home, tools, log: quiet, socat: pipe })
  onTestFinished(() => desk.close())
  return { home, desk }
}

async function call(desk: ToolServer, ...calls: [string, object][]): Promise<string[]> {
  const { server } = desk
  if (!('command' in server)) throw new Error('no program')
  const client = new Client({ name: 'test', version: '1' })
  await client.connect(new StdioClientTransport({ command: server.command, args: server.args }))
  const said: string[] = []
  for (const [name, args] of calls) {
    const answer = await client.callTool({ name, arguments: args as Record<string, unknown> })
    const [text] = answer.content as { text: string }[]
    said.push(`${answer.isError ? 'error: ' : ''}${text?.text}`)
  }
  await client.close()
  return said
}

test.each(pipes)(
  'an agent hands in over %s; the same again acts once, another replaces it, nonsense is named',
  async (_, pipe) => {
    const kept: Submission[] = []
    const refused: string[] = []
    const desk = {
      questionsLeft: 1,
      save: async (one: Submission) => void kept.push(one),
      onRefused: (text: string) => refused.push(text),
    }
    const { desk: server } = await open(planningTools(desk), 'home', pipe)
    const said = await call(
      server,
      ['submit_plan', plan],
      ['submit_plan', plan],
      ['submit_plan', { ...plan, summary: 'Do it well.' }],
      ['submit_plan', { ...plan, pats: [] }],
      ['ask', { questions: ['Why?'] }],
      ['submit_plan', plan],
      ['no_such_tool', {}],
    )
    expect(said[0]).toBe('Taken. End your turn now.')
    expect(said[1]).toContain('taken before')
    expect(said[2]).toContain('replaces what you handed in before')
    expect(said[3]).toMatch(/^error: Nothing was taken[\s\S]*unknown field `pats`; did you mean `paths`\?/)
    expect(said[5]).toMatch(/^error: You have asked questions/)
    expect(said[6]).toMatch(/^error: There is no tool no_such_tool/)
    expect(kept.map(({ kind }) => kind)).toEqual(['plan', 'plan', 'questions'])
    expect(refused).toHaveLength(2)
  },
)

test('a call after the lease was lost, or that fails on our side, changes nothing and says so', async () => {
  const lost = planningTools({
    questionsLeft: 0,
    save: async () => {
      throw new LeaseLost('gone')
    },
    onRefused: () => {},
  })
  const broken: Tool = {
    ...progressTool(() => {}),
    run: async () => {
      throw new Error('secret detail')
    },
  }
  const { desk } = await open([...lost, broken])
  const said = await call(
    desk,
    ['submit_plan', plan],
    ['ask', { questions: ['Why?'] }],
    ['report_progress', { text: 'x' }],
  )
  expect(said[0]).toMatch(/^error: This run is over/)
  expect(said[1]).toMatch(/^error: No more questions can be asked/)
  expect(said[2]).toMatch(/^error: That did not work for a reason of ours/)
})

test('what leads to the socket is in no command line and no environment, and gone with the run', async () => {
  const { desk, home } = await open([progressTool(() => {})])
  const file = join(home, 'tools.place')
  const folder = readFileSync(file, 'utf8').trim()
  const socket = join(folder, 'tools.sock')
  expect([statSync(file).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700])
  expect(JSON.stringify(desk.server)).not.toContain(basename(folder))
  const { child } = await startPipe(desk)
  if (socat) {
    for (const shown of ['cmdline', 'environ'])
      expect(readFileSync(`/proc/${child.pid}/${shown}`, 'latin1'), shown).not.toContain(basename(folder))
    expect(readlinkSync(`/proc/${child.pid}/exe`), 'one process alone').toBe(realpathSync(socat))
  }
  expect(await answerTo(socket, `not json\n[]\n${'['.repeat(5_000_000)}\n`)).not.toContain('result')
  await desk.close()
  expect([existsSync(file), existsSync(folder)]).toEqual([false, false])
})

test.each(pipes)('the pipe of %s ends when the run does, and when there is no run', async (_, pipe) => {
  const { desk } = await open([progressTool(() => {})], `${'deep/'.repeat(30)}home`, pipe)
  const { ended } = await startPipe(desk)
  await desk.close()
  expect(await ended).toBe(0)
  const late = spawnPipe(desk)
  expect(await new Promise((resolve) => late.once('exit', resolve))).not.toBe(0)
})

test.each(pipes)('the pipe of %s ends when its agent is killed, and takes nothing with it', async (_, pipe) => {
  const said: string[] = []
  const { desk } = await open([progressTool((text) => said.push(text))], 'home', pipe)
  const { server } = desk
  if (!('command' in server)) throw new Error('no program')
  // The agent: it starts the pipe, says its number once the pipe has answered, and waits for ever.
  const agent = spawn(
    process.execPath,
    [
      '-e',
      `const child = require('node:child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: 'pipe' })
       child.stdout.once('data', () => console.log(child.pid))
       child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\\n')
       setInterval(() => {}, 1000)`,
      server.command,
      ...server.args,
    ],
    { stdio: 'pipe' },
  )
  const pid = Number(await new Promise((resolve) => agent.stdout.once('data', resolve)))
  agent.kill('SIGKILL')
  await expect.poll(() => existsSync(`/proc/${pid}`), { timeout: 10_000 }).toBe(false)
  expect(await call(desk, ['report_progress', { text: 'still served' }])).toEqual(['Shown.'])
})

test.each(pipes)('a message of megabytes passes %s whole, both ways', async (_, pipe) => {
  const long = 'ä'.repeat(1_500_000)
  const echo: Tool = {
    ...progressTool(() => {}),
    run: async (given) => ({ text: (given as { text: string }).text }),
  }
  const { desk } = await open([echo], 'home', pipe)
  const [said] = await call(desk, ['report_progress', { text: long }])
  expect(said === long).toBe(true)
})

function spawnPipe({ server }: ToolServer) {
  if (!('command' in server)) throw new Error('no program')
  return spawn(server.command, server.args, { stdio: 'pipe' })
}

/** Starts the pipe, as an agent does, and waits for the first answer. */
async function startPipe(desk: ToolServer) {
  const child = spawnPipe(desk)
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
  await new Promise((resolve) => child.stdout.once('data', resolve))
  return { child, ended }
}

/** What the server says before it closes the connection. */
function answerTo(socket: string, said: string): Promise<string> {
  return new Promise((resolve) => {
    let heard = ''
    const line = connect(socket)
    line.on('data', (chunk) => {
      heard += chunk.toString()
    })
    line.on('error', () => {})
    line.on('close', () => resolve(heard))
    line.end(said)
  })
}

test.each([
  ['in the home', 'home', 0],
  ['beside a home whose path is too long', 'home'.padEnd(120, '-'), 1],
])(
  'what a sandbox shows read-only is never the home, in which an agent writes: the socket is %s',
  async (_, name, more) => {
    const { home, desk } = await open([], name)
    expect(desk.paths).not.toContain(home)
    expect(desk.paths).toHaveLength((socat ? 1 : 2) + more)
  },
)
