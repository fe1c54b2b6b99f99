/**
 * The delay of the main thread by agents that send updates as fast as possible: supervised in it, and in separate
 * threads.
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import type { AgentKind } from '../src/agents/agent.ts'
import { supervise } from '../src/agents/drivers/supervise.ts'
import { loadAgents } from '../src/agents/registry.ts'
import { OperatorError } from '../src/lib/errors.ts'
import { createReaper, type Reaper } from '../src/sandbox/reaper.ts'
import { scriptedAgentFile } from '../test/support/scripted-agent.ts'

/** One line for the list of benchmarks. */
export const about = 'the delay of the main thread while agents send updates, supervised in it and in separate threads'

const USAGE = 'usage: npm run bench -- supervise [--agents N] [--megabytes M] [--rounds R] [--json]'

interface Result {
  supervised: 'main thread' | 'threads'
  /** The delay of a timer of 1 ms in the main thread, in milliseconds. */
  p50: number
  p99: number
  max: number
  /** The share of time in which the main thread was busy, 0 to 1. */
  utilisation: number
  /** From the first update of the last agent to the end of all agents. */
  seconds: number
}

/**
 * Lets N scripted agents print M megabytes of ACP updates each, as fast as they are read, R times supervised in the
 * main thread and R times in threads, alternately. Measures from the time when all of them send updates; prints the
 * medians.
 * @throws {OperatorError} when an argument is not a number, or an agent did not finish.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      agents: { type: 'string', default: '8' },
      megabytes: { type: 'string', default: '64' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  })
  const [agents, megabytes, rounds] = [values.agents, values.megabytes, values.rounds].map(Number)
  if (!isCount(agents) || !isCount(megabytes) || !isCount(rounds)) throw new OperatorError('not a number', USAGE)
  const kind = (await loadAgents({ files: [scriptedAgentFile] })).get('scripted')
  if (!kind) throw new OperatorError('there is no scripted agent')
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  const reaper = createReaper({ instanceId: `bench-${process.pid}` })
  const all: Result[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      for (const inThread of [false, true]) {
        const place = join(directory, `${round}-${inThread}`)
        all.push(await measure({ kind, reaper, place, agents, megabytes, inThread }))
      }
    }
  } finally {
    await reaper.close()
    await rm(directory, { recursive: true, force: true })
  }
  const results = (['main thread', 'threads'] as const).map((supervised) => medians(supervised, all))
  const cores = availableParallelism()
  if (values.json) process.stdout.write(`${JSON.stringify({ agents, megabytes, rounds, cores, results })}\n`)
  else process.stdout.write(table(results, `${agents} agents, ${megabytes} MB each, ${cores} cores`))
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isInteger(value) && value > 0
}

async function measure(options: {
  kind: AgentKind
  reaper: Reaper
  place: string
  agents: number
  megabytes: number
  inThread: boolean
}): Promise<Result> {
  const { kind, reaper, place, agents, megabytes, inThread } = options
  const go = join(place, 'go')
  await mkdir(place, { recursive: true })
  const delay = monitorEventLoopDelay({ resolution: 1 })
  const ready = Promise.withResolvers<void>()
  let started = 0
  const ended = Array.from({ length: agents }, async (_, index) => {
    const name = `run-${inThread ? 'thread' : 'main'}-${index}`
    const cwd = join(place, name)
    await mkdir(cwd)
    let seen = false
    const script = ['say ready', `wait-for ${go}`, `flood ${megabytes * 2 ** 20} text`, 'say done']
    return supervise({
      kind,
      cwd,
      prompt: ['```tutti-script', ...script, '```', ''].join('\n'),
      runId: `${process.pid}-${place.split('/').at(-1)}-${index}`,
      env: { PATH: process.env.PATH ?? '' },
      home: join(place, `home-${index}`),
      limits: { totalMs: 600_000, idleMs: 600_000, outputBytes: 2 ** 40 },
      reaper,
      logFile: join(place, `${name}.log`),
      inThread,
      onUpdate: () => {
        if (seen) return
        seen = true
        started += 1
        if (started === agents) ready.resolve()
      },
    })
  })
  await Promise.race([ready.promise, Promise.all(ended)])
  // The start of the programs is not measured.
  await mkdir(go)
  const [start, before] = [performance.now(), performance.eventLoopUtilization()]
  delay.enable()
  const outcomes = await Promise.all(ended)
  delay.disable()
  const seconds = (performance.now() - start) / 1000
  const { utilization } = performance.eventLoopUtilization(before)
  const failed = outcomes.find((outcome) => outcome.kind !== 'finished')
  if (failed) throw new OperatorError(`an agent did not finish: ${JSON.stringify(failed)}`)
  const ms = (nanoseconds: number) => nanoseconds / 1e6
  return {
    supervised: inThread ? 'threads' : 'main thread',
    p50: ms(delay.percentile(50)),
    p99: ms(delay.percentile(99)),
    max: ms(delay.max),
    utilisation: utilization,
    seconds,
  }
}

function medians(supervised: Result['supervised'], all: readonly Result[]): Result {
  const results = all.filter((result) => result.supervised === supervised)
  const median = (of: (result: Result) => number) =>
    Number((results.map(of).toSorted((a, b) => a - b)[Math.floor(results.length / 2)] ?? Number.NaN).toFixed(2))
  return {
    supervised,
    p50: median((one) => one.p50),
    p99: median((one) => one.p99),
    max: median((one) => one.max),
    utilisation: median((one) => one.utilisation),
    seconds: median((one) => one.seconds),
  }
}

function table(results: readonly Result[], title: string): string {
  const cell = (value: string | number) => String(value).padStart(9)
  const head = ['p50 ms', 'p99 ms', 'max ms', 'busy', 'seconds'].map(cell).join('')
  const rows = results.map(
    ({ supervised, p50, p99, max, utilisation, seconds }) =>
      `${supervised.padEnd(12)}${[p50, p99, max, `${Math.round(utilisation * 100)}%`, seconds].map(cell).join('')}`,
  )
  return `${title}: delay of the main thread\n${''.padEnd(12)}${head}\n${rows.join('\n')}\n`
}
