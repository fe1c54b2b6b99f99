/**
 * The real codex-acp with codex, and the real opencode, against a model provider on this machine, in the sandbox where there is one.
 * `npm run test:agents` installs them into a folder outside of the repository and names it in REAL_AGENTS; without that their
 * tests are skipped.
 */

import { existsSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import type { SuperviseOptions } from '../../src/agents/drivers/supervise.ts'
import { loadAgents } from '../../src/agents/registry.ts'
import { readAgentSettings } from '../../src/config/agent-settings.ts'
import type { Submission } from '../../src/domain/plan.ts'
import { findOnPath } from '../../src/lib/find-on-path.ts'
import { serveTools } from '../../src/runs/mcp/serve.ts'
import { planningTools } from '../../src/runs/mcp/tools.ts'
import { type Bench, bench, isAlive, kindOf, scratch } from './agent-bench.ts'
import { type ModelServer, type ModelStep, openModelServer } from './model-server.ts'
import { realSandbox } from './sandbox.ts'

const bin = join(process.env.REAL_AGENTS ?? '/nowhere', 'node_modules/.bin')
/** Why their tests are skipped, for their title; '' when they are not. */
export const skipReason = existsSync(bin) ? '' : ' (skipped: REAL_AGENTS names no folder with the programs)'
/** Of the provider. */
export const key = 'a-key-of-the-test'
const limits = { initializeMs: 100_000, totalMs: 240_000, idleMs: 200_000, outputBytes: 64 * 2 ** 20, graceMs: 1_000 }

/** With the caps of `SANDBOX_MEMORY_MB` and the others as they are by default. */
export const sandbox =
  skipReason === '' && process.env.SANDBOX !== 'off'
    ? realSandbox({ limits: { memoryBytes: 4 * 2 ** 30, processes: 1_000, fileBytes: 4 * 2 ** 30 } })
    : undefined

let model: ModelServer
beforeAll(async () => {
  model = await openModelServer()
})
afterAll(() => model.close())

/** The provider of this file. */
export const provider = () => model

/** A kind as the operator's file sets it up; the configuration of the program itself is one of the operator's files. */
export async function operatorKind(id: Program) {
  const folder = await scratch()
  const url = `${model.url}/v1`
  const toml = `model = "m-1"
model_provider = "fake"
[model_providers.fake]
name = "Fake"
base_url = "${url}"
env_key = "FAKE_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
`
  const options = { baseURL: url, apiKey: '{env:FAKE_KEY}' }
  const providers = { fake: { npm: '@ai-sdk/openai-compatible', options, models: { 'm-1': {} } } }
  writeFileSync(join(folder, 'config.toml'), toml)
  writeFileSync(join(folder, 'opencode.json'), JSON.stringify({ provider: providers }))
  writeFileSync(
    join(folder, 'agents.yml'),
    `codex:
  command: [${bin}/codex-acp]
  env: [FAKE_KEY]
  files: { ~/.codex/config.toml: config.toml }
opencode:
  command: [${bin}/opencode, acp]
  env: [FAKE_KEY]
  provider: fake
  model: m-1
  files: { ~/.config/opencode/opencode.json: opencode.json }
`,
  )
  return kindOf(await loadAgents({ operator: readAgentSettings({ AGENTS_FILE: join(folder, 'agents.yml') }) }), id)
}

/** A program that is driven. */
export type Program = 'codex' | 'opencode'

/** Runs a program against a model that answers with these steps. */
export async function runReal(id: Program, steps: readonly ModelStep[], more: RunOptions = {}) {
  const { place, options } = await prepare(id, steps, more)
  return { ...place, outcome: await place.run(options) }
}

/** More options of a run; `paths`: what its tools need; `boxed: false`: without a sandbox. */
type RunOptions = Partial<SuperviseOptions> & { paths?: readonly string[]; boxed?: boolean }

/** A place for a run of a program, in a sandbox of its own where this machine has one. */
export async function prepare(
  id: Program,
  steps: readonly ModelStep[],
  { paths = [], boxed = true, ...more }: RunOptions = {},
) {
  model.script(steps)
  const root = id === 'codex' ? await outsideOfDev() : await scratch()
  const place: Bench = await bench({ root })
  const home = join(root, 'home')
  const readable = [place.cwd, ...paths]
  const box = boxed
    ? await sandbox?.open({
        mode: 'required',
        places: {
          cwd: place.cwd,
          home,
          ...(more.purpose === 'plan' ? { writable: [], readable } : { writable: [place.cwd], readable: paths }),
          neverCreate: [],
        },
        hosts: [],
        operatorHosts: [new URL(model.url).host],
      })
    : undefined
  onTestFinished(async () => box?.close())
  const kind = await operatorKind(id)
  const env = { PATH: process.env.PATH ?? '', FAKE_KEY: key }
  const options = { kind, env, limits, home, prompt: 'Do it.', ...(box ? { wrap: box.wrap } : {}), ...more }
  return { place, options }
}

/** Codex's own sandbox hides /dev, and with it /dev/shm, where tests may have their temporary files. */
async function outsideOfDev(): Promise<string> {
  const path = await mkdtemp('/var/tmp/tutti-real-')
  onTestFinished(() => rm(path, { recursive: true, force: true }))
  return path
}

/** The model calls the shell. */
export const shell = (cmd: string, more: object = {}): ModelStep => ({
  call: /^(?:exec_command|bash)$/,
  with: { cmd, command: cmd, description: 'A command', ...more },
})
/** A plan as a planner hands it in. */
export const plan = { summary: 'Do it.', steps: ['One'], effort: 'S', risk: 'low', confidence: 1 }
/** The end of a turn. */
export const done: ModelStep = { say: 'All done.' }

/** The tools of a planning agent, and what was handed in. */
export async function planning() {
  const saved: Submission[] = []
  const submissions = { questionsLeft: 1, save: async (one: Submission) => void saved.push(one), onRefused: () => {} }
  const home = await scratch()
  const quiet = { debug: () => {}, warn: () => {} }
  const socat = findOnPath('socat', process.env.PATH)
  const desk = await serveTools({ home, tools: planningTools(submissions), log: quiet, socat })
  onTestFinished(() => desk.close())
  // The home of the tools is not that of the run here, which its sandbox shows anyway.
  return { saved, mcpServers: [desk.server], paths: [...desk.paths, home] }
}

const providerErrors: [string, ModelStep, object][] = [
  ['an outage', { status: 500, body: { error: { message: 'The server had an error' } } }, { problem: 'outage' }],
  [
    'no credit',
    {
      status: 429,
      body: {
        error: {
          message: 'You exceeded your current quota.',
          type: 'insufficient_quota',
          code: 'insufficient_quota',
        },
      },
    },
    { problem: 'billing' },
  ],
  [
    'a rate limit',
    { status: 429, body: { error: { message: 'Rate limit reached for m-1 on requests per min: Limit 3, Used 3.' } } },
    { kind: 'rate-limited' },
  ],
  ['a wrong key', { status: 401, body: { error: { message: `Incorrect API key: ${key}` } } }, { kind: 'needs-login' }],
]

/** What both programs do when they are ended, or their provider fails after half of the work. */
export function endsWell(id: Program): void {
  it.each(providerErrors)('%s is no finished turn, and no fault of the protocol', async (_name, step, expected) => {
    const { outcome, log } = await runReal(id, [shell('echo half > half.txt'), step])
    expect(outcome).toMatchObject(expected)
    expect(log()).not.toContain(key)
  })

  it('stops when it is asked to, and leaves no process', async () => {
    const stop = new AbortController()
    let pid = 0
    const onStarted = (root: { pid: number }) => {
      pid = root.pid
    }
    const { place, options } = await prepare(id, [{ hang: true }], { signal: stop.signal, onStarted })
    void model.asked().then(() => stop.abort())
    const started = Date.now()
    expect(await place.run(options)).toEqual({ kind: 'stopped' })
    expect(isAlive(pid)).toBe(false)
    expect(Date.now() - started).toBeLessThan(60_000)
  })

  it('is killed from outside: that is a crash, and nothing of it is left', async () => {
    let pid = 0
    const onStarted = (root: { pid: number }) => {
      pid = root.pid
    }
    const { place, options } = await prepare(id, [{ hang: true }], { onStarted })
    void model.asked().then(() => process.kill(pid, 'SIGKILL'))
    expect(await place.run(options)).toMatchObject({ kind: 'crashed', signal: 'SIGKILL' })
    expect(isAlive(pid)).toBe(false)
  })
}
