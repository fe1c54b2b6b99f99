/** What the agent tests share: a workspace, a reaper, and a way to run the scripted agent. */

import { readFileSync } from 'node:fs'
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { AgentKind } from '../../src/agents/agent.ts'
import type { AgentOutcome, AgentUpdate } from '../../src/agents/drivers/agent-run.ts'
import { type SuperviseOptions, supervise } from '../../src/agents/drivers/supervise.ts'
import { loadAgents } from '../../src/agents/registry.ts'
import { processTable } from '../../src/lib/process-table.ts'
import { createReaper, type Reaper } from '../../src/sandbox/reaper.ts'
import { scriptedAgentFile } from './scripted-agent.ts'

/** An empty directory that goes away after the test. */
export async function scratch(): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'tutti-agents-')))
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** One for all tests of a process, as one orchestrator has one for all its runs; it ends when the process does. */
const shared = createReaper({ instanceId: `test-${process.pid}` })

let lives = 0

/** A reaper of a test's own, closed after it. */
export function ownWarden(): Reaper {
  lives += 1
  const reaper = createReaper({ instanceId: `test-${process.pid}-${lives}` })
  onTestFinished(() => reaper.close())
  return reaper
}

export interface Bench {
  cwd: string
  updates: AgentUpdate[]
  reaper: Reaper
  logFile: string
  /** Runs the scripted agent with a script, or with a whole prompt when it has several lines with a fence. */
  script(lines: string, overrides?: Partial<SuperviseOptions>): Promise<AgentOutcome>
  run(overrides: Partial<SuperviseOptions>): Promise<AgentOutcome>
  /** Waits for an update that fits. */
  saw(fits: (update: AgentUpdate) => boolean): Promise<AgentUpdate>
  /** Waits until a file holds text, and returns it. */
  file(name: string): Promise<string>
  log(): string
}

let runs = 0

/** Where a supervisor can be, for tests of what must be the same in both places. */
export const places = [
  { place: 'this thread', inThread: false },
  { place: 'a thread of its own', inThread: true },
] as const

/** A workspace with a reaper in which agents can be run. */
export async function bench(
  options: { reaper?: Reaper; inThread?: boolean; root?: string | undefined } = {},
): Promise<Bench> {
  const { reaper = shared, inThread = false } = options
  const root = options.root ?? (await scratch())
  const cwd = await realpath(await mkdtemp(join(root, 'tree-')))
  const agents = await loadAgents({ files: [scriptedAgentFile] })
  const scripted = kindOf(agents, 'scripted')
  const updates: AgentUpdate[] = []
  const logFile = join(root, 'run.log')

  async function run(overrides: Partial<SuperviseOptions>): Promise<AgentOutcome> {
    runs += 1
    return await supervise({
      inThread,
      kind: scripted,
      cwd,
      prompt: '',
      runId: `run-${process.pid}-${runs}`,
      env: { PATH: process.env.PATH ?? '' },
      home: join(root, `home-${runs}`),
      limits: { totalMs: 20_000, idleMs: 15_000, outputBytes: 64 * 1024 * 1024, graceMs: 400 },
      reaper,
      onUpdate: (update) => updates.push(update),
      logFile,
      ...overrides,
    })
  }

  return {
    cwd,
    updates,
    reaper,
    logFile,
    run,
    script: (lines, overrides = {}) => run({ prompt: scriptPrompt(lines), ...overrides }),
    saw: (fits) => until(() => updates.find(fits), 'an update'),
    file: (name) => until(() => readIfThere(join(cwd, name)), name),
    log: () => readFileSync(logFile, 'utf8'),
  }
}

export function kindOf(agents: ReadonlyMap<string, AgentKind>, id: string): AgentKind {
  const kind = agents.get(id)
  if (!kind) throw new Error(`no agent ${id}`)
  return kind
}

/** A prompt as an agent could get it, with a script in it. */
export function scriptPrompt(lines: string, head = 'Attempt: 1'): string {
  return `# Add a greeting\n\n${head}\n\n\`\`\`tutti-script\n${lines}\n\`\`\`\n`
}

function readIfThere(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text === '' ? undefined : text
  } catch {
    return undefined
  }
}

/** Polls a fact until it is there; half a minute at most. */
export async function until<T>(event: () => T | undefined | false, what: string, ms = 30_000): Promise<T> {
  const deadline = Date.now() + ms
  for (;;) {
    const value = event()
    if (value !== undefined && value !== false) return value
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`)
    await delay(20)
  }
}

/** Whether a process still runs; a zombie does not. */
export function isAlive(pid: number): boolean {
  return processTable().find(pid) !== undefined
}
