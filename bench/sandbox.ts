/**
 * What a sandbox costs: the start of a program and the memory of what is around it, beside the same without one. And what the
 * pipe to its tools costs, of which each agent has one.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { readEnv } from '../src/config/env.ts'
import { OperatorError } from '../src/lib/errors.ts'
import { findOnPath } from '../src/lib/find-on-path.ts'
import { processTable } from '../src/lib/process-table.ts'
import { serveTools } from '../src/runs/mcp/serve.ts'
import { treeMembers } from '../src/sandbox/kill-tree.ts'
import type { SandboxLaunch } from '../src/sandbox/launch.ts'
import { openSandbox, type Sandbox } from '../src/sandbox/sandbox.ts'

/** One line for the list of benchmarks. */
export const about = 'what a sandbox costs: milliseconds until a program has started, megabytes around it'

const USAGE = 'usage: npm run bench -- sandbox [--rounds N] [--json]'

/** The pipe ends when its input does. */
const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n'

/** Prints a line when it runs, and waits for the end of its input. */
const program: SandboxLaunch = { file: '/bin/sh', args: ['-c', 'echo up; read end'], env: { PATH: '/usr/bin:/bin' } }

interface Measured {
  ms: number
  /** Proportional set size of everything around the program. */
  megabytes: number
}

/**
 * Starts a shell N times without a sandbox, in one without servers, and in one with an egress proxy, alternately; prints
 * medians, and how much more the sandboxes take. Starts the pipe to the tools with Node and with socat as often.
 * @throws {OperatorError} when there is no sandbox here.
 */
export async function run(argv: string[]): Promise<void> {
  const options = { rounds: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } } as const
  const { values } = parseArgs({ args: argv, options })
  const rounds = Number(values.rounds)
  if (!Number.isInteger(rounds) || rounds < 1) throw new OperatorError('not a number', USAGE)
  const place = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  try {
    const sandbox = sandboxIn(place)
    const measured = { plain: [] as Measured[], closed: [] as Measured[], egress: [] as Measured[] }
    const pipes = { node: [] as Measured[], socat: [] as Measured[] }
    for (let round = 0; round < rounds; round++) {
      measured.plain.push(await start(program))
      measured.closed.push(await inBox(sandbox, place, []))
      measured.egress.push(await inBox(sandbox, place, ['example.com']))
      pipes.node.push(await startPipe(place, undefined))
      pipes.socat.push(await startPipe(place, findOnPath('socat', process.env.PATH)))
    }
    const plain = medians(measured.plain)
    const [closed, egress] = [measured.closed, measured.egress].map((all) => {
      const { ms, megabytes } = medians(all)
      return { ms, megabytes, moreMs: round1(ms - plain.ms), moreMegabytes: round1(megabytes - plain.megabytes) }
    })
    const results = { plain, closed, egress, 'mcp node': medians(pipes.node), 'mcp socat': medians(pipes.socat) }
    process.stdout.write(values.json ? `${JSON.stringify({ rounds, ...results })}\n` : table(results))
  } finally {
    await rm(place, { recursive: true, force: true })
  }
}

function sandboxIn(place: string): Sandbox {
  const sandbox = openSandbox({
    ...{ mode: 'required', dataDirectory: join(place, 'data'), hidden: [], hosts: [], readable: [], writable: [] },
    ...{
      limits: { memoryBytes: 2 ** 30, processes: 500, fileBytes: 2 ** 30 },
      diskBytes: 2 ** 30,
      env: readEnv().source,
    },
  })
  if (!sandbox.status.on) throw new OperatorError(`there is no sandbox: ${sandbox.status.why}`, sandbox.status.install)
  return sandbox
}

async function inBox(sandbox: Sandbox, place: string, hosts: string[]): Promise<Measured> {
  const cwd = join(place, 'tree')
  mkdirSync(cwd, { recursive: true })
  const started = performance.now()
  const places = {
    cwd,
    home: join(place, 'home'),
    writable: [cwd],
    readable: [],
    neverCreate: [join(cwd, '.mcp.json')],
  }
  const box = await sandbox.open({ mode: undefined, hosts, places })
  if (!box) throw new OperatorError('there is no sandbox')
  const measured = await start(box.wrap(program), started)
  await box.close()
  return measured
}

async function startPipe(place: string, socat: string | undefined): Promise<Measured> {
  const log = { debug: () => {}, warn: () => {} }
  const tools = await serveTools({ home: join(place, 'pipe'), tools: [], log, socat })
  try {
    const { server } = tools
    if (!('command' in server)) throw new OperatorError('the tools have no program')
    return await start({ file: server.command, args: server.args, env: {} }, performance.now(), ping)
  } finally {
    await tools.close()
  }
}

async function start({ file, args, env }: SandboxLaunch, started = performance.now(), input = ''): Promise<Measured> {
  const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'inherit'], detached: true })
  if (input) child.stdin.write(input)
  await once(child.stdout, 'data')
  const ms = performance.now() - started
  const megabytes = memoryOf(child)
  child.stdin.end()
  await once(child, 'exit')
  return { ms, megabytes }
}

function memoryOf(child: ChildProcess): number {
  const found = processTable().find(child.pid ?? 0)
  const members = found ? [...treeMembers([{ root: found }], processTable()).keys()] : []
  const kilobytes = members.map((pid) => Number(/^Pss: +(\d+)/m.exec(rollup(pid))?.[1] ?? 0))
  return kilobytes.reduce((sum, one) => sum + one, 0) / 1024
}

function rollup(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  } catch {
    return ''
  }
}

const round1 = (value: number) => Number(value.toFixed(1))

function medians(all: readonly Measured[]): Measured {
  const middle = (values: number[]) =>
    round1(values.toSorted((one, other) => one - other)[all.length >> 1] ?? Number.NaN)
  return { ms: middle(all.map(({ ms }) => ms)), megabytes: middle(all.map(({ megabytes }) => megabytes)) }
}

function table(results: Record<string, Measured | undefined>): string {
  const rows = Object.entries(results).map(
    ([name, one]) => `${name.padEnd(10)}${String(one?.ms).padStart(9)}${String(one?.megabytes).padStart(9)}`,
  )
  return `${''.padEnd(10)}${'ms'.padStart(9)}${'MB'.padStart(9)}\n${rows.join('\n')}\n`
}
