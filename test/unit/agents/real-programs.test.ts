/**
 * The real codex-acp with codex, and the real opencode, against a model provider on this machine, in the sandbox where there is one.
 * `npm run test:agents` installs them into a folder outside of the repository and names it in REAL_AGENTS; without that they
 * are skipped.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkAgent } from '../../../src/agents/check-agent.ts'
import type { SuperviseOptions } from '../../../src/agents/drivers/supervise.ts'
import { loadAgents } from '../../../src/agents/registry.ts'
import { readAgentSettings } from '../../../src/config/agent-settings.ts'
import type { Submission } from '../../../src/domain/plan.ts'
import { serveTools } from '../../../src/runs/mcp/serve.ts'
import { planningTools } from '../../../src/runs/mcp/tools.ts'
import { after, type Bench, bench, isAlive, kindOf, scratch } from '../../support/agent-bench.ts'
import { type ModelServer, type ModelStep, openModelServer } from '../../support/model-server.ts'
import { realSandbox } from '../../support/sandbox.ts'

const bin = join(process.env.REAL_AGENTS ?? '/nowhere', 'node_modules/.bin')
const reason = existsSync(bin) ? '' : ' (skipped: REAL_AGENTS names no folder with the programs)'
const key = 'a-key-of-the-test'
const limits = { initializeMs: 100_000, totalMs: 240_000, idleMs: 200_000, outputBytes: 64 * 2 ** 20, graceMs: 1_000 }

/** With the caps of `SANDBOX_MEMORY_MB` and the others as they are by default. */
const sandbox =
  reason === '' && process.env.SANDBOX !== 'off'
    ? realSandbox({ limits: { memoryBytes: 4 * 2 ** 30, processes: 1_000, fileBytes: 4 * 2 ** 30 } })
    : undefined

let model: ModelServer
beforeAll(async () => {
  model = await openModelServer()
})
afterAll(() => model.close())

/** A kind as the operator's file sets it up; the configuration of the program itself is one of the operator's files. */
async function operatorKind(id: 'codex' | 'opencode') {
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
  const provider = { fake: { npm: '@ai-sdk/openai-compatible', options, models: { 'm-1': {} } } }
  writeFileSync(join(folder, 'config.toml'), toml)
  writeFileSync(join(folder, 'opencode.json'), JSON.stringify({ provider }))
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

type Program = 'codex' | 'opencode'

async function runReal(id: Program, steps: readonly ModelStep[], more: RunOptions = {}) {
  const { place, options } = await prepare(id, steps, more)
  return { ...place, outcome: await place.run(options) }
}

/** More options of a run; `paths`: what its tools need; `boxed: false`: without a sandbox. */
type RunOptions = Partial<SuperviseOptions> & { paths?: readonly string[]; boxed?: boolean }

/** A place for a run of a program, in a sandbox of its own where this machine has one. */
async function prepare(
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
  after(async () => box?.close())
  const kind = await operatorKind(id)
  const env = { PATH: process.env.PATH ?? '', FAKE_KEY: key }
  const options = { kind, env, limits, home, prompt: 'Do it.', ...(box ? { wrap: box.wrap } : {}), ...more }
  return { place, options }
}

/** Codex's own sandbox hides /dev, and with it /dev/shm, where tests may have their temporary files. */
async function outsideOfDev(): Promise<string> {
  const path = await mkdtemp('/var/tmp/tutti-real-')
  after(() => rm(path, { recursive: true, force: true }))
  return path
}

const shell = (cmd: string, more: object = {}): ModelStep => ({
  call: /^(?:exec_command|bash)$/,
  with: { cmd, command: cmd, description: 'A command', ...more },
})
const plan = { summary: 'Do it.', steps: ['One'], effort: 'S', risk: 'low', confidence: 1 }
const done: ModelStep = { say: 'All done.' }

/** The tools of a planning agent, and what was handed in. */
async function planning() {
  const saved: Submission[] = []
  const submissions = { questionsLeft: 1, save: async (one: Submission) => void saved.push(one), onRefused: () => {} }
  const home = await scratch()
  const quiet = { debug: () => {}, warn: () => {} }
  const desk = await serveTools({ home, tools: planningTools(submissions), log: quiet })
  after(() => desk.close())
  return { saved, mcpServers: [desk.server], paths: desk.paths }
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
function endsWell(id: Program): void {
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

describe.skipIf(reason !== '')(`codex${reason}`, () => {
  it("edits with the operator's configuration file, provider and key, and says its model", async () => {
    const { outcome, cwd, updates } = await runReal('codex', [shell('echo hello > a.txt'), done])
    expect(outcome).toMatchObject({ kind: 'finished', summary: 'All done.', usage: { totalTokens: 240 } })
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('hello\n')
    expect(model.requests[0]).toMatchObject({ key: `Bearer ${key}`, body: { model: 'm-1' } })
    expect(updates.find(({ kind }) => kind === 'session')).toMatchObject({
      ...{ model: 'm-1', mode: sandbox ? 'agent-full-access' : 'workspace-write' },
    })
  })

  it('plans through MCP and changes nothing, and asks no second model about our tools', async () => {
    const { saved, mcpServers, paths } = await planning()
    const steps = [shell('cat README.md; touch a.txt'), { call: /submit_plan$/, with: plan }, done]
    const { outcome, updates, cwd } = await runReal('codex', steps, {
      ...{ mcpServers, paths },
      purpose: 'plan',
      permissions: 'reading-only',
    })
    expect(outcome.kind).toBe('finished')
    expect(saved).toMatchObject([{ kind: 'plan', summary: 'Do it.' }])
    expect(updates.find(({ kind }) => kind === 'session')).toMatchObject({
      mode: sandbox ? 'agent-full-access' : 'read-only',
    })
    expect(existsSync(join(cwd, 'a.txt'))).toBe(false)
    expect(model.requests).toHaveLength(steps.length)
  })

  it('is refused what a planner may not do; the turn that ends with it is not finished', async () => {
    const escalated = { sandbox_permissions: 'require_escalated', justification: 'To write a file?' }
    const { outcome, cwd, updates } = await runReal('codex', [shell('touch a.txt', escalated), done], {
      boxed: false,
      purpose: 'plan',
      permissions: 'reading-only',
    })
    expect(updates).toContainEqual(expect.objectContaining({ kind: 'permission', allowed: false }))
    expect(outcome).toMatchObject({ kind: 'unfinished', message: expect.stringContaining('touch a.txt') })
    expect(existsSync(join(cwd, 'a.txt'))).toBe(false)
  })

  endsWell('codex')
})

describe.skipIf(reason !== '')(`opencode${reason}`, () => {
  it('edits after a refusal: it asks, is refused outside of the tree, and goes on', async () => {
    const outside = join(await scratch(), 'outside.txt')
    const { outcome, cwd, updates } = await runReal('opencode', [
      { call: /^write$/, with: { filePath: outside, content: 'x' } },
      { call: /^write$/, with: { filePath: 'a.txt', content: 'hello' } },
      done,
    ])
    expect(updates).toContainEqual(expect.objectContaining({ kind: 'permission', allowed: false }))
    expect(existsSync(outside)).toBe(false)
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('hello')
    expect(outcome).toMatchObject({ kind: 'finished', summary: 'All done.' })
    expect(updates.find(({ kind }) => kind === 'session')).toMatchObject({ model: 'fake/m-1', mode: 'build' })
  })

  it('plans through MCP in its plan mode, where no edit is allowed', async () => {
    const { saved, mcpServers, paths } = await planning()
    const steps = [
      { call: /^bash$/, with: { command: 'touch a.txt', description: 'x' } },
      { call: /submit_plan$/, with: plan },
      done,
    ]
    const { cwd } = await runReal('opencode', steps, {
      mcpServers,
      paths,
      purpose: 'plan',
      permissions: 'reading-only',
    })
    expect(saved).toMatchObject([{ kind: 'plan' }])
    expect(existsSync(join(cwd, 'a.txt'))).toBe(false)
  })

  it('with a model that is not offered sends nothing to anybody', async () => {
    const { outcome } = await runReal('opencode', [done], { settings: { model: 'nope' } })
    expect(outcome).toMatchObject({ kind: 'provider-failed', problem: 'model' })
    expect(model.requests).toEqual([])
  })

  it('with a wrong key fails its check, which says so', async () => {
    model.script([{ status: 401, body: { error: { message: 'Incorrect API key provided.' } } }])
    const place = await bench()
    const env = { PATH: process.env.PATH ?? '', FAKE_KEY: key }
    const check = await checkAgent(await operatorKind('opencode'), { env, reaper: place.reaper })
    expect(check).toMatchObject({ ok: false, model: 'fake/m-1', provider: 'fake' })
    expect(check.problem).toContain('Incorrect API key provided')
  })

  endsWell('opencode')
})
