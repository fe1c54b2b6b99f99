/** Agents in a real sandbox: they work, end in order, and end with us, wherever they are supervised. */

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { loadAgents } from '../../../src/agents/registry.ts'
import { findOnPath } from '../../../src/lib/find-on-path.ts'
import { processTable } from '../../../src/lib/process-table.ts'
import { serveTools } from '../../../src/runs/mcp/serve.ts'
import { killTrees } from '../../../src/sandbox/kill-tree.ts'
import type { SandboxLaunch } from '../../../src/sandbox/launch.ts'
import { type Box, openSandbox, SandboxMissing } from '../../../src/sandbox/sandbox.ts'
import { bench, kindOf, places, scratch, until } from '../../support/agent-bench.ts'
import { realSandbox, smallCaps } from '../../support/sandbox.ts'
import { scriptedAgentFile } from '../../support/scripted-agent.ts'

const sandbox = realSandbox()

/** What a program prints first when it is asked; '' when it ends before. */
function firstLine({ file, args, env }: SandboxLaunch, ask: string): Promise<string> {
  const child = spawn(file, args, { env, detached: true, stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  child.stdin.write(ask)
  return new Promise((resolve) => {
    child.stdout.once('data', (bytes) => {
      resolve(String(bytes))
      child.stdin.end()
    })
    child.once('close', () => resolve(''))
  })
}

async function boxAt(tree: string, root: string, neverCreate: string[] = []): Promise<{ box: Box; home: string }> {
  const { reads } = kindOf(await loadAgents({ files: [scriptedAgentFile] }), 'scripted')
  const home = join(root, 'home')
  const box = await sandbox?.open({
    mode: 'required',
    places: { cwd: tree, home, writable: [tree], readable: reads, neverCreate },
    hosts: [],
  })
  if (!box) throw new Error('no sandbox')
  return { box, home }
}

describe.skipIf(!sandbox)('an agent in a sandbox', () => {
  for (const { place, inThread } of places) {
    test(`works, and leaves no process, supervised in ${place}`, async () => {
      const here = await bench({ inThread })
      const { box, home } = await boxAt(here.cwd, await scratch())
      const script = 'write new.txt: hello\nrun echo "inside $$"\nspawn pid detached clean beat=beat\nsay done'
      const outcome = await here.script(script, { wrap: box.wrap, home })
      await box.close()
      expect(outcome).toMatchObject({ kind: 'finished' })
      expect(readFileSync(join(here.cwd, 'new.txt'), 'utf8')).toBe('hello\n')
      expect(left(home, here.cwd)).toEqual([])
    })

    test(`is stopped with everything that ignores SIGTERM, supervised in ${place}`, async () => {
      const here = await bench({ inThread })
      const { box, home } = await boxAt(here.cwd, await scratch())
      const stop = new AbortController()
      const ended = here.script('ignore-sigterm\nspawn pid detached clean beat=beat\nsay up\nhang', {
        ...{ wrap: box.wrap, home, signal: stop.signal },
      })
      await here.saw((update) => update.kind === 'text' && update.text.includes('up'))
      stop.abort()
      expect(await ended).toEqual({ kind: 'stopped' })
      await box.close()
      expect(left(home, here.cwd)).toEqual([])
    })
  }

  test('its program gets SIGTERM and time to end before the sandbox is killed', async () => {
    const root = await scratch()
    const tree = join(root, 'tree')
    mkdirSync(tree)
    const { box } = await boxAt(tree, root)
    const line = 'trap "echo saved > saved; exit 0" TERM; echo up > up; while :; do sleep 0.05; done'
    const { file, args, env } = box.wrap({ file: '/bin/sh', args: ['-c', line], env: { PATH: '/usr/bin:/bin' } })
    const child = spawn(file, args, { env, detached: true, stdio: 'ignore' })
    await until(() => existsSync(join(tree, 'up')), 'the program is up')
    const found = processTable().find(child.pid ?? 0)
    if (!found) throw new Error('it has ended')
    const { survivors } = await killTrees([{ root: found, contained: true }], { graceMs: 5_000 })
    expect(survivors).toEqual([])
    expect(readFileSync(join(tree, 'saved'), 'utf8')).toBe('saved\n')
    await box.close()
  })

  test.each([
    ['Node', undefined],
    ['socat', findOnPath('socat', process.env.PATH)],
  ])('its tools are reached through %s, and another run has no way to them', async (_, socat) => {
    const root = await scratch()
    const tree = join(root, 'tree')
    mkdirSync(tree)
    const log = { debug: () => {}, warn: () => {} }
    const tools = await serveTools({ home: join(root, 'home'), tools: [], log, socat })
    const { server } = tools
    if (!('command' in server)) throw new Error('no program')
    const ask = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}\n'
    const program = { file: server.command, args: server.args, env: { PATH: '/usr/bin:/bin' } }
    const own = await sandbox?.open({
      mode: 'required',
      places: { cwd: tree, home: join(root, 'home'), writable: [tree], readable: [...tools.paths], neverCreate: [] },
      hosts: [],
    })
    if (!own) throw new Error('no sandbox')
    expect(await firstLine(own.wrap(program), ask)).toContain('"tools":[]')
    await own.close()
    const { box } = await boxAt(tree, join(root, 'other'))
    expect(await firstLine(box.wrap(program), ask)).toBe('')
    await box.close()
    await tools.close()
  })

  test('settings files are covered while it runs, and nothing of the covers is left', async () => {
    const root = await scratch()
    const tree = join(root, 'tree')
    mkdirSync(join(tree, '.vscode'), { recursive: true })
    writeFileSync(join(tree, '.vscode/settings.json'), '{"mine":1}')
    const paths = ['.vscode/settings.json', '.vscode/tasks.json', '.claude/hooks', '.mcp.json', '.envrc']
    const { box } = await boxAt(
      tree,
      root,
      paths.map((path) => join(tree, path)),
    )
    const output = await run(
      box,
      'cat .vscode/settings.json .mcp.json; for i in .vscode/settings.json .vscode/tasks.json .mcp.json .envrc .claude/hooks/x; do (echo x > $i) 2>/dev/null && echo WROTE; done',
    )
    await box.close()
    expect(output).toBe('{"mine":1}{}\n')
    expect(
      ['.claude', '.mcp.json', '.envrc', '.vscode/tasks.json'].filter((path) => existsSync(join(tree, path))),
    ).toEqual([])
    expect(readFileSync(join(tree, '.vscode/settings.json'), 'utf8')).toBe('{"mine":1}')
  })

  test('who fills the disk with many files is noticed', async () => {
    const root = await scratch()
    const tree = join(root, 'tree')
    mkdirSync(tree)
    const small = realSandbox({ diskBytes: 40 * 2 ** 20 })
    const box = await small?.open({
      mode: 'auto',
      places: { cwd: tree, home: join(root, 'home'), writable: [tree], readable: [], neverCreate: [] },
      hosts: [],
    })
    if (!box) throw new Error('no sandbox')
    await run(box, 'for i in 1 2 3 4 5 6; do head -c 10M /dev/zero > $i; done')
    await until(() => box.overDisk.aborted, 'the disk is noticed')
    await box.close()
  })
})

test('required without one refuses, and says what to install; auto goes on; off asks for nothing', async () => {
  const dataDirectory = await scratch()
  const base = {
    ...{ dataDirectory, hidden: [], hosts: [], readable: [], writable: [], limits: smallCaps, diskBytes: 1, env: {} },
    tools: { found: false as const, why: 'not installed: bwrap', install: 'apt-get install bubblewrap' },
  }
  const request = {
    places: { cwd: dataDirectory, home: join(dataDirectory, 'home'), writable: [], readable: [], neverCreate: [] },
    hosts: [],
  }
  const auto = openSandbox({ ...base, mode: 'auto' })
  expect(auto.status).toMatchObject({ mode: 'auto', on: false, why: 'not installed: bwrap' })
  expect(await auto.open({ ...request, mode: undefined })).toBeUndefined()
  // A repository may ask for more than the operator.
  const refused = await auto.open({ ...request, mode: 'required' }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(SandboxMissing)
  expect(String(refused)).toContain('apt-get install bubblewrap')
  const required = openSandbox({ ...base, mode: 'required' })
  await expect(required.open({ ...request, mode: 'off' })).rejects.toThrow(/A sandbox is required here/)
})

/** Processes of a test: by their home, or by its tree in their command. Others on this machine run the same programs. */
function left(home: string, tree: string): number[] {
  return processTable()
    .list()
    .filter(({ pid }) => processTable().hasMarker(pid, `HOME=${home}`) || commandOf(pid).includes(tree))
    .map(({ pid }) => pid)
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8')
  } catch {
    return ''
  }
}

async function run(box: Box, line: string): Promise<string> {
  const { file, args, env } = box.wrap({ file: '/bin/sh', args: ['-c', line], env: { PATH: '/usr/bin:/bin' } })
  const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  await new Promise((resolve) => child.once('close', resolve))
  return output
}
