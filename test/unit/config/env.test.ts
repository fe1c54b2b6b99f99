/** What the operator set wrong is said in one line: which variable, what it is, what it must be. */

import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { prepareDataDirectory } from '../../../src/config/data-directory.ts'
import { loadDotEnv, readEnv } from '../../../src/config/env.ts'
import { unknownVariables } from '../../../src/config/unknown-variables.ts'
import { OperatorError } from '../../../src/lib/errors.ts'

const directory = mkdtempSync(join(tmpdir(), 'tutti-env-'))
const file = (name: string, text: string) => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}
afterAll(() => rmSync(directory, { recursive: true }))
const key = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
}).privateKey

function refusalOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    expect(error).toBeInstanceOf(OperatorError)
    const { message, hint } = error as OperatorError
    expect(hint, 'what to do').toBeTruthy()
    expect(message).not.toMatch(/\n|Invalid|expected|received/)
    return message
  }
  throw new Error('it was accepted')
}

const credentials = { APP_ID: '1', PRIVATE_KEY: key, WEBHOOK_SECRET: 's' }

test.each<[Record<string, string>, string]>([
  [{ PORT: 'abc' }, 'PORT is "abc": it must be a number'],
  [{ PORT: '3000.5' }, 'PORT is "3000.5": it must be a whole number'],
  [{ PORT: '70000' }, 'PORT is "70000": it must be 65535 at most'],
  [{ PORT: '-1' }, 'PORT is "-1": it must be 0 at least'],
  [{ TIDY_MINUTES: '0' }, 'TIDY_MINUTES is "0": it must be more than 0'],
  [
    { KEEP_DELIVERIES_DAYS: '1' },
    'KEEP_DELIVERIES_DAYS is "1": it must be at least 4: GitHub may deliver again for three days',
  ],
  [{ LOG_LEVEL: 'verbose' }, 'LOG_LEVEL is "verbose": it must be trace, debug, info, warn, error, fatal or silent'],
  [{ SHARE_DATA_DIR: 'yes' }, 'SHARE_DATA_DIR is "yes": it must be true or false'],
  [{ SANDBOX: 'on' }, 'SANDBOX is "on": it must be off, auto or required'],
  [
    { GITHUB_API_URL: 'api.github.com' },
    'GITHUB_API_URL is "api.github.com": it must be an address such as https://example.com',
  ],
  [
    { GITHUB_API_URL: 'https://github.com' },
    'GITHUB_API_URL is "https://github.com": it must be https://api.github.com, or left out',
  ],
  [
    { GHE_HOST: 'https://ghe.example.com' },
    'GHE_HOST is "https://ghe.example.com": it must be a host alone, such as github.example.com',
  ],
  [
    { DATABASE_URL: 'nonsense' },
    'DATABASE_URL cannot be used: it must look like postgres://user:password@host:5432/tutti',
  ],
  [{ MAX_AGENTS_PER_KIND: 'codex' }, 'MAX_AGENTS_PER_KIND is "codex": "codex" must look like codex=1'],
  [{ ...credentials, APP_ID: 'my-app' }, 'APP_ID is "my-app": it must be the number that GitHub shows as "App ID"'],
  [{ ...credentials, PRIVATE_KEY: 'nonsense' }, 'PRIVATE_KEY is not a private key in PEM form'],
  [{ APP_ID: '1' }, "the app's credentials are incomplete: PRIVATE_KEY or PRIVATE_KEY_PATH, WEBHOOK_SECRET not set"],
  [
    { PORT: 'x', LOG_LEVEL: 'y' },
    'PORT is "x": it must be a number; LOG_LEVEL is "y": it must be trace, debug, info, warn, error, fatal or silent',
  ],
])('$1', (source, said) => {
  expect(refusalOf(() => readEnv(source))).toBe(said)
})

test('a secret that cannot be used is not shown', () => {
  expect(refusalOf(() => readEnv({ SMTP_URL: 'hunter2-and-more' }))).not.toContain('hunter2')
})

test('a key that is not there, is a folder, or is a certificate', () => {
  const at = (path: string) => refusalOf(() => readEnv({ ...credentials, PRIVATE_KEY: '', PRIVATE_KEY_PATH: path }))
  expect(at('/nowhere.pem')).toBe('PRIVATE_KEY_PATH names a file that does not exist: /nowhere.pem')
  expect(at(directory)).toBe(`PRIVATE_KEY_PATH names what cannot be read: ${directory}`)
  expect(at(file('wrong.pem', 'x'))).toMatch(/^PRIVATE_KEY_PATH: .*wrong\.pem is not a private key in PEM form$/)
})

describe('secrets by file', () => {
  test('stand for the variable, without the line end of an editor; agents find them too', () => {
    const env = readEnv({
      APP_ID: '1',
      PRIVATE_KEY_FILE: file('key.pem', key),
      WEBHOOK_SECRET_FILE: file('secret', 's3cret\n'),
      DATABASE_URL_FILE: file('url', 'postgres://u:p@db/tutti\n'),
      ANTHROPIC_API_KEY_FILE: file('anthropic', 'sk-1\n'),
    })
    expect(env.credentials).toMatchObject({ appId: '1', webhookSecret: 's3cret' })
    expect(env.DATABASE_URL).toBe('postgres://u:p@db/tutti')
    expect(env.source).toMatchObject({ ANTHROPIC_API_KEY: 'sk-1' })
    expect(env.source).not.toHaveProperty('ANTHROPIC_API_KEY_FILE')
  })

  test.each<[string, Record<string, string>, RegExp]>([
    ['no file', { WEBHOOK_SECRET_FILE: '/nowhere' }, /^WEBHOOK_SECRET_FILE names \/nowhere, which does not exist$/],
    ['a folder', { WEBHOOK_SECRET_FILE: directory }, /^WEBHOOK_SECRET_FILE names .*, which cannot be read: EISDIR/],
    ['empty', { WEBHOOK_SECRET_FILE: file('empty', '\n') }, /which is empty$/],
    [
      'both',
      { WEBHOOK_SECRET_FILE: file('both', 'x'), WEBHOOK_SECRET: 'y' },
      /^WEBHOOK_SECRET and WEBHOOK_SECRET_FILE are both set$/,
    ],
  ])('%s', (_, source, said) => {
    expect(refusalOf(() => readEnv(source))).toMatch(said)
  })
})

test('a data directory that is a file, and an .env that is a folder', () => {
  const taken = file('taken', '')
  expect(refusalOf(() => prepareDataDirectory({ dataDirectory: taken }))).toBe(
    `DATA_DIR cannot be used: ${taken} is a file, or lies under one`,
  )
  expect(refusalOf(() => prepareDataDirectory({ dataDirectory: join(taken, 'data') }))).toContain('is a file')
  const home = join(directory, 'home')
  mkdirSync(join(home, '.env'), { recursive: true })
  expect(refusalOf(() => loadDotEnv(home))).toBe(`${join(home, '.env')} cannot be read: it is a folder`)
})

test('variables that are read by nothing are named, with the one that was meant; those of others are left alone', () => {
  const ofOthers = {
    HOME: '',
    PATH: '',
    HOSTNAME: 'x',
    LOGNAME: 'x',
    SSH_AGENT_PID: '1',
    ANTHROPIC_API_KEY: 'x',
    MAIL: '',
  }
  const ours = { PORT: '1', WEBHOOK_SECRET_FILE: 'x', GH_ORG: 'acme', WEBHOOK_PROXY_URL: 'x' }
  expect(unknownVariables({ ...ofOthers, ...ours })).toEqual([])
  const found = unknownVariables({
    DATABSE_URL: 'x',
    PRIVATEKEY: 'x',
    TUTTI_PORT: '1',
    KEEP_LOG_DAYS: '3',
    SANDBOX_COLOUR: 'x',
  })
  expect(found).toEqual([
    { name: 'DATABSE_URL', meant: 'DATABASE_URL' },
    { name: 'PRIVATEKEY', meant: 'PRIVATE_KEY' },
    { name: 'TUTTI_PORT', meant: 'PORT' },
    { name: 'KEEP_LOG_DAYS', meant: 'KEEP_LOGS_DAYS' },
    { name: 'SANDBOX_COLOUR', meant: undefined },
  ])
})
