/** The MCP server of a run: who is served, what is refused, and what is left when the run is over. */

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { expect, onTestFinished, test } from 'vitest'
import { LeaseLost } from '../../../src/db/runs.ts'
import type { Submission } from '../../../src/domain/plan.ts'
import { serveTools, type Tool, type ToolServer } from '../../../src/runs/mcp/serve.ts'
import { planningTools, progressTool } from '../../../src/runs/mcp/tools.ts'

const quiet = { debug: () => {}, warn: () => {} }
const plan = { summary: 'Do it.', steps: ['One'], effort: 'S', risk: 'low', confidence: 1 }

async function open(tools: Tool[], folder = 'home'): Promise<{ home: string; desk: ToolServer }> {
  const place = mkdtempSync(join(tmpdir(), 'tutti-tools-'))
  onTestFinished(() => rmSync(place, { recursive: true, force: true }))
  const home = join(place, folder)
  const desk = await serveTools({ home, tools, log: quiet })
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

test('an agent hands in over the real program; the same again acts once, another replaces it, nonsense is named', async () => {
  const kept: Submission[] = []
  const refused: string[] = []
  const desk = {
    questionsLeft: 1,
    save: async (one: Submission) => void kept.push(one),
    onRefused: (text: string) => refused.push(text),
  }
  const { desk: server } = await open(planningTools(desk))
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
})

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

test('who does not show the secret is sent away; the secret is in no command line, and gone with the run', async () => {
  const { desk, home } = await open([progressTool(() => {})])
  const file = join(home, 'tools.json')
  const { socket, secret } = JSON.parse(readFileSync(file, 'utf8')) as { socket: string; secret: string }
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(JSON.stringify(desk.server)).not.toContain(secret)
  expect(JSON.stringify(desk.server)).not.toContain(socket)
  for (const hello of ['', `${'0'.repeat(64)}\n`, `${secret.slice(0, 63)}\n`, `${secret}x\n`, 'x'.repeat(200)]) {
    const ask = `${hello}{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n`
    expect(await answerTo(socket, ask), hello).toBe('')
  }
  expect(await answerTo(socket, `${secret}\nnot json\n[]\n${'['.repeat(5_000_000)}\n`)).not.toContain('result')
  await desk.close()
  expect([existsSync(file), existsSync(socket)]).toEqual([false, false])
})

test('the program ends when the run does, and when there is no run', async () => {
  const { desk, home } = await open([progressTool(() => {})], `${'deep/'.repeat(30)}home`)
  const { server } = desk
  if (!('command' in server)) throw new Error('no program')
  const child = spawn(server.command, server.args, { stdio: 'pipe' })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
  await new Promise((resolve) => child.stdout.once('data', resolve))
  await desk.close()
  expect(await ended).toBe(0)
  const late = spawn(server.command, [server.args[0] ?? '', join(home, 'tools.json')], { stdio: 'ignore' })
  expect(await new Promise((resolve) => late.once('exit', resolve))).not.toBe(0)
})

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
    expect(desk.paths).toHaveLength(2 + more)
  },
)
