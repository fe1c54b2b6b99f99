/** Going on with the session of an earlier run, and what is kept of its home for that. */

import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { agentKindSchema } from '../../../src/agents/agent.ts'
import type { AgentUpdate } from '../../../src/agents/drivers/agent-run.ts'
import { isSoundHome, keepHome } from '../../../src/agents/drivers/keep-home.ts'
import { bench, places, scratch, scriptPrompt } from '../../support/agent-bench.ts'

const env = { PATH: process.env.PATH ?? '', TUTTI_SCRIPT_SESSIONS: '1' }
const isSession = (update: AgentUpdate) => update.kind === 'session'
const script = ['usage 900 200000 0.25', 'plan [x] read', 'write a.txt: one', 'say I have read it.'].join('\n')

it.each(places)('a session goes on, and its history is neither shown nor counted ($place)', async ({ inThread }) => {
  const { run, updates, cwd, log } = await bench({ inThread })
  const home = join(await scratch(), 'home')
  await run({ prompt: scriptPrompt(script), env, home })
  const first = updates.find(isSession)
  expect(first).toMatchObject({ continued: false, lasting: true })
  updates.splice(0)

  const used: unknown[] = []
  const earlier = { id: first?.id ?? '', prompt: scriptPrompt('keep-prompt told.txt\nsay Once more.', 'Attempt: 2') }
  const options = { prompt: scriptPrompt('say A new session.'), env, home, onUsage: (one: unknown) => used.push(one) }
  expect(await run({ ...options, earlier })).toEqual({
    kind: 'finished',
    stopReason: 'end_turn',
    summary: 'Once more.',
  })
  expect(updates).toEqual([
    expect.objectContaining({ continued: true, id: first?.id }),
    { kind: 'text', text: 'Once more.' },
  ])
  expect(used).toEqual([])
  expect(readFileSync(join(cwd, 'told.txt'), 'utf8')).toContain('Attempt: 2')
  expect(log()).toContain(`session ${first?.id}, which goes on, with scripted 1.0.0`)
})

it('a session that cannot be loaded is followed by a new one, and only the log says so', async () => {
  const { run, updates, log } = await bench()
  const earlier = { id: 'gone', prompt: scriptPrompt('say Once more.') }
  const outcome = await run({ prompt: scriptPrompt('say A new session.'), env, earlier })
  expect(outcome).toMatchObject({ kind: 'finished', summary: 'A new session.' })
  expect(updates.find(isSession)).toMatchObject({ continued: false, lasting: true })
  expect(log()).toContain('could not be continued, so a new one begins: Resource not found')
})

it('an agent that offers no way to go on gets a new session', async () => {
  const { run, updates, log } = await bench()
  const earlier = { id: 'any', prompt: scriptPrompt('say Once more.') }
  const outcome = await run({ prompt: scriptPrompt('say A new session.'), earlier })
  expect(outcome).toMatchObject({ kind: 'finished', summary: 'A new session.' })
  expect(updates.find(isSession)).toMatchObject({ continued: false, lasting: false })
  expect(log()).not.toContain('could not be continued')
})

const kind = agentKindSchema.parse({
  ...{ id: 'keeper', title: 'Keeper', protocol: 'acp', start: () => undefined, env: [], install: 'none' },
  loginFiles: ['.keeper/auth.json'],
  templates: [{ variable: 'KEEPER_HOME', folder: '.keeper', files: ['settings.json'] }],
})

async function homeWith(files: Record<string, string>): Promise<string> {
  const home = join(await scratch(), 'home')
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(home, name, '..'), { recursive: true })
    writeFileSync(join(home, name), text, { mode: 0o400 })
  }
  return home
}

it('logins and what was copied leave a home that is kept', async () => {
  const secrets = { '.keeper/auth.json': 'key', '.keeper/settings.json': '{}', 'tmp/x': 'x', 'tools.place': 'secret' }
  const home = await homeWith({ ...secrets, '.keeper/sessions/1.json': '[]' })
  expect(keepHome(kind, home)).toBe(true)
  expect(Object.keys(secrets).filter((name) => existsSync(join(home, name)))).toEqual([])
  expect(existsSync(join(home, '.keeper/sessions/1.json'))).toBe(true)
})

it('a home in which a link stands where Tutti writes is not kept, and nothing behind the link is touched', async () => {
  const home = await homeWith({ 'a.txt': 'a' })
  const outside = await homeWith({ 'auth.json': "the operator's own" })
  symlinkSync(outside, join(home, '.keeper'))
  expect(isSoundHome(kind, home)).toBe(false)
  expect(keepHome(kind, home)).toBe(false)
  expect(readFileSync(join(outside, 'auth.json'), 'utf8')).toBe("the operator's own")
})

it('a large home is not kept', async () => {
  const home = await homeWith({ 'cache/a': 'x'.repeat(60 * 2 ** 20), 'cache/b': 'x'.repeat(60 * 2 ** 20) })
  expect(keepHome(kind, home)).toBe(false)
})
