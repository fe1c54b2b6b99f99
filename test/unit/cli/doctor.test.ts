/** `tutti doctor`: what it finds on this machine and on GitHub, over real HTTP, and how it reads in 80 columns. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { Finding } from '../../../src/cli/doctor/finding.ts'
import { checkClock } from '../../../src/cli/doctor/machine.ts'
import { manifest } from '../../../src/playground/manifest.ts'
import { openCliPlace } from '../../support/cli-place.ts'
import { playground } from '../../support/playground.ts'

async function placeWith(given: Record<string, string>) {
  const place = await openCliPlace({ AGENT: 'command', SANDBOX: 'off', ...given })
  onTestFinished(() => place.close())
  const findings = async () => {
    const { out, code } = await place.tutti('doctor --json')
    const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Finding[] }
    expect(code).toBe(ok ? 0 : 1)
    return findings
  }
  return { ...place, findings }
}

/** A server that answers everything with one document. */
async function answering(body: unknown): Promise<string> {
  const server = createServer((_, response) => response.end(JSON.stringify(body)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

/** The lines of a terminal of 80 columns, put together again: each one is at most so long, or one word that cannot be broken. */
function findingsIn({ out }: { out: string }, directory: string): string[] {
  for (const line of out.split('\n')) {
    const words = line.slice(17).trim().split(' ')
    if (line.length > 80) expect(words, line).toHaveLength(1)
  }
  const whole = out.replace(/\n {17}/g, ' ').replaceAll(directory, '/srv')
  return whole.trim().split('\n')
}

test('before the app is registered: what is fine, what could be better, and the one thing to do', async () => {
  const place = await placeWith({ MAX_AGENT: '3', DATABASE_URL: '' })
  writeFileSync(join(place.directory, '.env'), 'PORT=3001\n', { mode: 0o644 })
  const secrets = join(place.env.DATA_DIR ?? '', 'secrets')
  mkdirSync(secrets, { recursive: true })
  writeFileSync(join(secrets, 'app.env'), 'KEY=x\n', { mode: 0o644 })
  const ended = await place.tutti('doctor', 80)
  expect(ended).toMatchObject({ code: 1, err: '' })
  const shown = findingsIn(ended, place.directory).map((line) => line.replace(/\d[\d.]+(?= GB|\.$)/, 'n'))
  expect(shown).toEqual([
    '! settings       MAX_AGENT is set, and no such variable is read. Did you mean MAX_AGENTS?',
    '! settings       /srv/.env can be read by others. Run: chmod 600 /srv/.env',
    '✗ settings       /srv/data/secrets/app.env can be read by others. Run: chmod 600 /srv/data/secrets/app.env',
    '✓ git            git n.',
    '✓ disk           n GB free in /srv/data.',
    '✓ database       an embedded database is made at the first start.',
    '! sandbox        SANDBOX=off: agents can do what Tutti can. Set SANDBOX=auto or required.',
    '✓ agents         Command starts what a repository names in agents.command.command.',
    '✗ credentials    the app is not registered yet. Run: npm start, and open the address that it prints.',
    '',
    '2 things to do before Tutti can work.',
  ])
})

test('settings that cannot be used are the only finding', async () => {
  const place = await placeWith({ PORT: 'many', MAX_AGENTS: '-1' })
  const ended = await place.tutti('doctor', 80)
  expect(ended).toMatchObject({ code: 1, err: '' })
  expect(findingsIn(ended, place.directory)).toEqual([
    '✗ settings       PORT is "many": it must be a number; MAX_AGENTS is "-1": it must be 1 at least. Change it, and start again.',
  ])
})

test('the app as GitHub knows it, and whether webhooks arrive', async () => {
  const github = await playground({ app: manifest() })
  await github.createRepository({ owner: 'acme', name: 'app', files: { 'README.md': 'x' }, collaborators: {} })
  const { id, privateKey, webhookSecret } = github.app
  const app = { APP_ID: String(id), PRIVATE_KEY: privateKey, WEBHOOK_SECRET: webhookSecret }
  const place = await placeWith({ GITHUB_API_URL: github.apiUrl, ...app })
  const ofApp = ['credentials', 'permissions', 'events', 'installations', 'branch protection', 'webhooks', 'github']
  const about = async (more: Record<string, string> = {}) => {
    Object.assign(place.env, more)
    return (await place.findings())
      .filter(({ check }) => ofApp.includes(check))
      .map(({ state, what }) => `${state}: ${what}`)
  }
  const known = [
    'fine: GitHub knows the app as tutti',
    'fine: the app has every permission that it needs',
    'fine: the app hears of everything that it needs',
    'fine: acme: 1 repository',
    'advice: main of acme/app is not protected',
  ]
  const address = async (body: unknown) => {
    const url = await answering(body)
    github.setWebhookUrl(url)
    return url.slice(0, -1)
  }
  const tutti = await address({ webhooks: { secret: 'fits' } })
  expect(await about()).toEqual([...known, `fine: Tutti answers at ${tutti}`])
  await address({ webhooks: { secret: 'does not fit' } })
  expect(await about()).toEqual([...known, 'problem: the last deliveries did not fit WEBHOOK_SECRET'])
  const other = await address({ hello: 'world' })
  expect(await about()).toEqual([...known, `problem: ${other} answers, and it is not Tutti (200)`])
  github.setWebhookUrl('http://127.0.0.1:9/')
  expect((await about()).at(-1)).toContain('advice: http://127.0.0.1:9 does not answer from here: ')
  expect(await about({ APP_ID: '4711' })).toEqual(["problem: GitHub refused the app's credentials"])
})

test('a ruleset that the app itself may bypass is named, and none that it may not', async () => {
  const github = await playground({ app: manifest() })
  const { id, privateKey, webhookSecret } = github.app
  const app = { APP_ID: String(id), PRIVATE_KEY: privateKey, WEBHOOK_SECRET: webhookSecret }
  for (const [name, bypass] of [
    ['held', 'never'],
    ['free', 'always'],
    ['half', 'pull_requests_only'],
  ] as const) {
    const collaborators = { maintainer: 'admin' } as const
    const repository = await github.createRepository({ owner: 'acme', name, files: { a: 'x' }, collaborators })
    await github.as('maintainer').protectBranch(repository, 'main', { ruleset: true, bypass })
  }
  const place = await placeWith({ GITHUB_API_URL: github.apiUrl, ...app })
  const found = (await place.findings()).filter(({ check }) => check === 'branch protection')
  expect(found.map(({ state, what, hint }) => `${state}: ${what}. ${hint}`)).toEqual(
    ['free', 'half'].map(
      (name) =>
        `advice: the app itself may bypass the ruleset "rules of main" of main in acme/${name}. Take the app off its bypass list: then GitHub, too, holds it to a review.`,
    ),
  )
})

test('a permission and an event that the app lacks are named', async () => {
  const { permissions, events } = manifest()
  const { pull_requests: _, ...fewer } = permissions
  const github = await playground({ app: { permissions: fewer, events: events.filter((one) => one !== 'push') } })
  const { id, privateKey, webhookSecret } = github.app
  const app = { APP_ID: String(id), PRIVATE_KEY: privateKey, WEBHOOK_SECRET: webhookSecret }
  const place = await placeWith({ GITHUB_API_URL: github.apiUrl, ...app })
  const wrong = (await place.findings())
    .filter(({ state }) => state === 'problem')
    .map(({ what, hint }) => `${what}: ${hint}`)
  expect(wrong).toEqual([
    'the app lacks the permission pull_requests: write: Change it in the settings of the app on GitHub, then accept it in each installation.',
    'the app does not hear of push: Change it in the settings of the app on GitHub, under "Subscribe to events".',
    'the app is installed nowhere: Install it: https://github.com/apps/tutti/installations/new',
    'the app has no webhook address: Set it in the settings of the app on GitHub, as https://<this machine>/',
  ])
})

test.each([
  [40_000, '40 seconds ahead of'],
  [-100_000, '100 seconds behind'],
  [-130_000, '2 minutes behind'],
  [5 * 3_600_000, '5 hours ahead of'],
])('a clock that is off by %i ms is named', (aheadMs, words) => {
  expect(checkClock(aheadMs)).toEqual([
    {
      check: 'clock',
      state: 'advice',
      what: `the clock of this machine is ${words} the database's, whose time is used`,
      hint: 'Have this machine follow a time server.',
    },
  ])
  expect(checkClock(Math.sign(aheadMs) * 20_000)).toEqual([])
})
