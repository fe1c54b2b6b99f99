/** What the documents say is compared with the code. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadAgents } from '../../src/agents/registry.ts'
import { commandTable } from '../../src/commands/lib/readme-table.ts'
import { loadCommands } from '../../src/commands/registry.ts'
import { readEnv } from '../../src/config/env.ts'
import { readSettings } from '../../src/config/settings.ts'
import { loadWebhookHandlers } from '../../src/webhooks/probot-app.ts'

const readme = readFileSync('README.md', 'utf8')

test('the README lists every command, as the socket describes it', async () => {
  const commands = await loadCommands()
  expect(readme).toContain(commandTable(commands.values()))
})

test('the README lists every kind of agent for real work', async () => {
  for (const id of (await loadAgents()).keys()) {
    expect(readme, id).toContain(`| \`${id}\` |`)
  }
})

test("the README's settings are settings, and its variables are variables", () => {
  const example = /```yaml\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  expect(readSettings(example)).toMatchObject({ agent: 'claude-code', limits: { agents: 2 } })
  const known = readFileSync('src/config/env.ts', 'utf8')
  const table = readme.slice(readme.indexOf('| variable |'), readme.indexOf('The rest, with their defaults'))
  const named = [...table.matchAll(/`([A-Z][A-Z_]+)`/g)].map((match) => match[1])
  expect(named.length).toBeGreaterThan(10)
  for (const name of named) expect(known, name).toContain(`${name}:`)
  expect(readEnv({})).toMatchObject({ PORT: 3000, HOST: '127.0.0.1', MAX_AGENTS: 4, MEMORY_PER_AGENT_MB: 1024 })
})

test('the app subscribes to every event that means something to it, and to no other', async () => {
  const { default_events: subscribed } = parse(readFileSync('app.yml', 'utf8')) as { default_events: string[] }
  // GitHub sends these to every app, subscribed or not.
  const always = ['installation', 'installation_repositories']
  const events = [...(await loadWebhookHandlers()).keys()]
  expect(subscribed.toSorted()).toEqual(events.filter((event) => !always.includes(event)).toSorted())
})
