/** What the operator sets up for a kind of agent, and what of it reaches the program. */

import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import type { AgentKind } from '../../../src/agents/agent.ts'
import { modelForbidden } from '../../../src/agents/configured.ts'
import { prepareHome } from '../../../src/agents/drivers/prepare-home.ts'
import { loadAgents } from '../../../src/agents/registry.ts'
import { readAgentSettings } from '../../../src/config/agent-settings.ts'
import { defaultSettings, readSettings } from '../../../src/config/settings.ts'
import { chooseAgent, chooseModel } from '../../../src/domain/choose-agent.ts'
import { bench, kindOf, scratch } from '../../support/agent-bench.ts'

async function configured(id: string, yaml: string): Promise<AgentKind> {
  const folder = await scratch()
  const AGENTS_FILE = join(folder, 'agents.yml')
  writeFileSync(AGENTS_FILE, yaml)
  return kindOf(await loadAgents({ operator: readAgentSettings({ AGENTS_FILE }) }), id)
}

const started = (kind: AgentKind, options: { model?: string; env?: Record<string, string> } = {}) => kind.start(options)
const json = (text: string | undefined) => JSON.parse(text ?? '{}') as unknown

describe('codex', () => {
  it('gets a model of the repository beside what the operator wrote, which wins', async () => {
    const { codex } = Object.fromEntries(await loadAgents())
    if (!codex) throw new Error('no codex')
    const own = { model_provider: 'azure', model_providers: { azure: { base_url: 'https://a' } } }
    const env = { CODEX_CONFIG: JSON.stringify(own) }
    expect(json(started(codex, { model: 'm', env })?.env?.CODEX_CONFIG)).toEqual({ model: 'm', ...own })
    const fixed = started(codex, { model: 'm', env: { CODEX_CONFIG: '{"model":"fixed"}' } })
    expect(fixed?.model).toBe('fixed')
    expect(json(fixed?.env?.CODEX_CONFIG)).toEqual({ model: 'fixed' })
    expect(() => started(codex, { env: { CODEX_CONFIG: 'model = 1' } })).toThrow('CODEX_CONFIG is not a JSON object')
  })

  it('gets a provider with its URL and key, or the URL of the usual one', async () => {
    const azure = await configured(
      'codex',
      'codex: { provider: azure, baseUrl: "https://a/v1", keyVariable: AZURE_KEY, retries: 1 }',
    )
    expect(azure.env).toContain('AZURE_KEY')
    expect(json(started(azure)?.env?.CODEX_CONFIG)).toEqual({
      model_provider: 'azure',
      model_providers: {
        azure: {
          ...{ name: 'azure', wire_api: 'responses', base_url: 'https://a/v1', env_key: 'AZURE_KEY' },
          ...{ request_max_retries: 1, stream_max_retries: 1 },
        },
      },
    })
    const { codex } = Object.fromEntries(await loadAgents())
    const env = { OPENAI_BASE_URL: 'https://b/v1' }
    expect(json(codex && started(codex, { env })?.env?.CODEX_CONFIG)).toEqual({ openai_base_url: 'https://b/v1' })
  })
})

describe('opencode', () => {
  it('never uses its hosted models without their key', async () => {
    const { opencode } = Object.fromEntries(await loadAgents())
    const content = (env: Record<string, string>) =>
      json(opencode && started(opencode, { env, model: 'x/m' })?.env?.OPENCODE_CONFIG_CONTENT)
    expect(content({})).toMatchObject({ model: 'x/m', disabled_providers: ['opencode'] })
    expect(content({ OPENCODE_API_KEY: 'k' })).not.toHaveProperty('disabled_providers')
    const own = { OPENCODE_CONFIG_CONTENT: '{"model":"own/m","provider":{"own":{"name":"Own"}}}' }
    expect(content(own)).toMatchObject({ model: 'own/m', provider: { own: {} }, disabled_providers: ['opencode'] })
  })

  it("stays with the operator's provider, whatever model a repository names", async () => {
    const kind = await configured(
      'opencode',
      'opencode: { provider: groq, keyVariable: GROQ_API_KEY, models: [fast, groq/large] }',
    )
    expect(json(started(kind, { model: 'fast' })?.env?.OPENCODE_CONFIG_CONTENT)).toMatchObject({
      model: 'groq/fast',
      enabled_providers: ['groq'],
      provider: { groq: { options: { apiKey: '{env:GROQ_API_KEY}' } } },
    })
    expect(modelForbidden(kind, 'fast')).toBe(false)
    expect(modelForbidden(kind, 'openai/gpt')).toBe(true)
  })
})

test('claude-code asks its provider again as often as the operator says', async () => {
  const kind = await configured('claude-code', 'claude-code: { retries: 1, set: { CLAUDE_CODE_EFFORT: low } }')
  expect(started(kind)?.env).toEqual({ CLAUDE_CODE_MAX_RETRIES: '1' })
  expect(kind.fixedEnv).toMatchObject({ CLAUDE_CODE_EFFORT: 'low', CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION: 'false' })
})

test('a fifth program needs settings alone, and a kind that is no kind is named', async () => {
  const kind = await configured(
    'goose',
    'goose: { title: Goose, protocol: acp, command: [goose, acp], env: [GOOSE_KEY], model: m }',
  )
  expect(kind).toMatchObject({ id: 'goose', title: 'Goose', protocol: 'acp' })
  expect(kind.env).toContain('GOOSE_KEY')
  expect(started(kind)).toEqual({ file: 'goose', args: ['acp'], env: { TUTTI_MODEL: 'm' } })
  await expect(configured('codx', 'codx: { model: m }')).rejects.toThrow('did you mean "codex"?')
})

describe('the home of a run', () => {
  it('is made from the template, the login and the files of the operator, read-only', async () => {
    const place = await scratch()
    mkdirSync(join(place, 'me/.codex'), { recursive: true })
    mkdirSync(join(place, 'skills/review'), { recursive: true })
    writeFileSync(join(place, 'me/.codex/auth.json'), '{}')
    writeFileSync(join(place, 'me/.codex/history.jsonl'), 'private')
    writeFileSync(join(place, 'skills/review/SKILL.md'), 'Review.')
    writeFileSync(join(place, 'rules.md'), 'Be brief.')
    writeFileSync(join(place, 'config.toml'), 'model = "m"')
    const kind = await configured(
      'codex',
      `codex:
  login: ${place}/me
  files: { ~/.codex/AGENTS.md: ${place}/rules.md }
  skills: [${place}/skills/review]`,
    )
    const home = join(place, 'home')
    prepareHome(kind, { CODEX_HOME: place }, home)
    const read = (file: string) => readFileSync(join(home, '.codex', file), 'utf8')
    expect([read('auth.json'), read('AGENTS.md'), read('config.toml')]).toEqual(['{}', 'Be brief.', 'model = "m"'])
    expect(read('skills/review/SKILL.md')).toBe('Review.')
    expect(() => read('history.jsonl')).toThrow('ENOENT')
    expect(statSync(join(home, '.codex/auth.json')).mode & 0o777).toBe(0o400)
    expect(() => prepareHome({ ...kind, loginFiles: ['.codex/none.json'] }, {}, home)).toThrow('there is no login')
  })

  it("reaches a program that runs, with the operator's servers; their secrets stay out of the log", async () => {
    const { run, log, cwd } = await bench()
    const operator = { DOCS_TOKEN: 'secret-of-the-docs' }
    const yaml = `scripted:
  files: { ~/hello.txt: agents.yml }
  mcpServers: { docs: { command: [/bin/true], env: [DOCS_TOKEN] } }
  set: { SHOWN: "yes" }`
    const folder = await scratch()
    writeFileSync(join(folder, 'agents.yml'), yaml)
    const { scripted } = await import('../../support/scripted-agent.ts').then(async ({ scriptedAgentFile }) =>
      Object.fromEntries(
        await loadAgents({
          files: [scriptedAgentFile],
          operator: readAgentSettings({ AGENTS_FILE: join(folder, 'agents.yml') }),
        }),
      ),
    )
    const script =
      '```tutti-script\nrun cp "$HOME/hello.txt" copied.txt && echo $SHOWN > shown.txt\nsay secret-of-the-docs\n```'
    const env = { PATH: process.env.PATH ?? '', ...operator }
    const outcome = await run({ kind: scripted, env, prompt: `# A\n\nAttempt: 1\n\n${script}\n` })
    expect(outcome).toMatchObject({ kind: 'finished', summary: '[redacted]' })
    expect(readFileSync(join(cwd, 'copied.txt'), 'utf8')).toBe(yaml)
    expect(readFileSync(join(cwd, 'shown.txt'), 'utf8').trim()).toBe('yes')
    expect(log()).not.toContain('secret-of-the-docs')
  })
})

test('a repository says which agent and model plans, and which builds', () => {
  const settings = readSettings(`
agent: claude-code
agents: { codex: { model: small }, claude-code: { model: usual } }
roles: { planner: { agent: codex, model: large } }
modules: { web: { agent: gemini } }
`)
  const item = (state: string, labels: string[] = []) =>
    chooseAgent({ labels, state }, { settings }, { AGENT: 'opencode' })
  expect([item('planning'), item('ready'), item('ready', ['module:web'])]).toEqual(['codex', 'claude-code', 'gemini'])
  expect(chooseModel(settings, 'planner', 'codex')).toBe('large')
  // Another kind took over: the name of the role's model means nothing to it.
  expect(chooseModel(settings, 'planner', 'claude-code')).toBe('usual')
  expect(chooseModel(settings, 'builder', 'codex')).toBe('small')
  expect(chooseModel(defaultSettings(), 'builder', 'codex')).toBeUndefined()
})
