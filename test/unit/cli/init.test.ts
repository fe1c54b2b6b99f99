/** `tutti init` in a real directory: what it writes, what it leaves as it is, and what it refuses. */

import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { defaultSettings } from '../../../src/config/settings.ts'
import { settingsFromText } from '../../../src/db/repository-settings.ts'
import { openCliPlace } from '../../support/cli-place.ts'

async function emptyPlace(given: Record<string, string> = {}) {
  const place = await openCliPlace({ DATABASE_URL: '', SANDBOX: 'off', ...given })
  onTestFinished(() => place.close())
  const path = (name: string) => join(place.directory, name)
  return { ...place, path, read: (name: string) => readFileSync(path(name), 'utf8') }
}

test('it writes what is missing, for its owner alone, and ends with the doctor', async () => {
  const place = await emptyPlace()
  mkdirSync(place.path('app'))
  writeFileSync(place.path('app/package.json'), '{"scripts": {"test": "vitest run"}}')
  writeFileSync(place.path('app/package-lock.json'), '{}')
  const { code, out, err } = await place.tutti('init --yes --repository-path app')
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(place.read('.env')).toBe('HOST=127.0.0.1\nPORT=3000\nAGENT=claude-code\n')
  expect(statSync(place.path('.env')).mode & 0o777).toBe(0o600)
  const settings = place.read('app/.github/tutti.yml')
  expect(parse(settings)).toEqual({ gates: { commands: [{ name: 'tests', run: 'npm ci && npm test', minutes: 20 }] } })
  expect(settingsFromText({ text: settings, other: undefined }, defaultSettings()).settingsError).toBeNull()
  const lines = out.replaceAll(place.directory, '/srv').split('\n')
  expect(lines.slice(0, 4)).toEqual([
    '/srv/.env: HOST, PORT, AGENT',
    '/srv/app/.github/tutti.yml: the gate runs `npm ci && npm test`. Commit it to the default branch.',
    '',
    'What is missing now:',
  ])
  expect(lines).toContain('✗ credentials    the app is not registered yet.')
})

test('a second time changes nothing; what is set elsewhere is not asked for', async () => {
  const place = await emptyPlace({ AGENT: 'command' })
  writeFileSync(place.path('.env'), 'PORT=4000', { mode: 0o644 })
  mkdirSync(place.path('app/.github'), { recursive: true })
  writeFileSync(place.path('app/.github/tutti.yml'), 'agent: codex\n')
  for (const [at, said] of [': HOST', ': nothing was missing'].entries()) {
    const { code, out } = await place.tutti('init --yes --repository-path app')
    expect(code, String(at)).toBe(0)
    expect(out).toContain(`${place.path('.env')}${said}\n`)
    expect(out).toContain('app/.github/tutti.yml: it is there already, and stays as it is\n')
    expect(place.read('.env')).toBe('PORT=4000\nHOST=127.0.0.1\n')
  }
  expect(statSync(place.path('.env')).mode & 0o777).toBe(0o600)
  expect(place.read('app/.github/tutti.yml')).toBe('agent: codex\n')
})

test('where it cannot ask, and where there is no checkout, it says what to do', async () => {
  const place = await emptyPlace()
  expect(await place.tutti('init', 80)).toEqual({
    code: 2,
    out: '',
    err: 'tutti: there is no terminal to ask at\nRun: tutti init --yes\n',
  })
  expect(existsSync(place.path('.env'))).toBe(false)
  const { code, err } = await place.tutti('init --yes --repository-path nowhere', 80)
  expect({ code, err }).toEqual({
    code: 1,
    err: `tutti: ${place.path('nowhere')} does not exist\nGive the path of a checkout.\n`,
  })
})
