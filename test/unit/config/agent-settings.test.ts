/** The operator's file of agents: what it may say, and what an error names. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readAgentSettings } from '../../../src/config/agent-settings.ts'

function file(text: string): { AGENTS_FILE: string; folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-agents-file-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'agents.yml'), text)
  return { AGENTS_FILE: join(folder, 'agents.yml'), folder }
}

test('a whole entry is read; paths count from the folder of the file', () => {
  const { AGENTS_FILE, folder } = file(`
codex:
  model: gpt-6.1-sol
  provider: azure
  baseUrl: https://example.openai.azure.com/openai/v1
  keyVariable: AZURE_OPENAI_API_KEY
  files: { ~/.codex/AGENTS.md: rules.md }
  mcpServers:
    docs: { url: "https://docs.example/mcp", headers: { Authorization: DOCS_TOKEN } }
  messages: { billing: ["kein Guthaben"] }
`)
  writeFileSync(join(folder, 'rules.md'), 'Be brief.')
  expect(readAgentSettings({ AGENTS_FILE }).codex).toMatchObject({
    model: 'gpt-6.1-sol',
    files: { '~/.codex/AGENTS.md': join(folder, 'rules.md') },
    messages: { billing: ['kein Guthaben'], limit: [] },
    env: [],
  })
})

test.each([
  ['codex: { modell: x }', 'unknown key `codex.modell`; did you mean `model`?'],
  ['codex: { mcpServers: { a: { port: 3 } } }', '`codex.mcpServers.a`: must have `command`, or `url`'],
  ['codex: { files: { /etc/passwd: x } }', 'must begin with "~/"'],
  ['codex: { files: { "~/../x": x } }', 'must not contain ".."'],
  ['codex: { set: { "A B": x } }', 'must be the name of an environment variable'],
  ['codex: { files: { ~/.codex/x: nowhere.toml } }', 'names files that do not exist: codex: '],
  ['codex: { retries: many }', '`codex.retries`'],
  ['codex: [', 'is not valid YAML'],
  ['- codex', 'the file'],
])('%s stops the start, with the file and the key', (text, problem) => {
  const { AGENTS_FILE } = file(text)
  expect(() => readAgentSettings({ AGENTS_FILE })).toThrow(problem)
  expect(() => readAgentSettings({ AGENTS_FILE })).toThrow('agents.yml')
})

test('a file that is named must be there; the usual one need not', () => {
  expect(() => readAgentSettings({ AGENTS_FILE: '/nowhere/agents.yml' })).toThrow('/nowhere/agents.yml')
  expect(readAgentSettings({})).toEqual({})
})
