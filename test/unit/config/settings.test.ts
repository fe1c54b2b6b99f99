import { expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { defaultSettings, readSettings } from '../../../src/config/settings.ts'
import { settingsFromText } from '../../../src/db/repository-settings.ts'
import { OperatorError, UserError } from '../../../src/lib/errors.ts'

function problem(text: string): string {
  try {
    readSettings(text)
  } catch (error) {
    if (error instanceof UserError) return error.toMarkdown()
    throw error
  }
  throw new Error('it was accepted')
}

test('an empty file means every default', () => {
  expect(readSettings('')).toMatchObject({
    label: 'tutti',
    merge: { when: 'command', method: 'squash' },
    limits: { retries: 3 },
  })
})

test('unknown keys are refused with the nearest known key, at every depth', () => {
  expect(problem('lable: x')).toContain('unknown key `lable`; did you mean `label`?')
  expect(problem('limits:\n  minuts: 3')).toContain('unknown key `limits.minuts`; did you mean `minutes`?')
  expect(problem('gates:\n  commands:\n    - name: a\n      run: b\n      minute: 1')).toContain(
    'did you mean `minutes`?',
  )
  expect(problem('zzzzzzzz: 1')).toMatch(/unknown key `zzzzzzzz`\n/)
})

test('spending limits are amounts above 0 in a currency; so are the variables', () => {
  const { limits } = readSettings('limits: { spendPerDay: 12.5, spendPerRun: 0.01 }')
  expect(limits).toMatchObject({ spendPerDay: 12.5, spendPerRun: 0.01, currency: 'USD' })
  for (const wrong of ['-1', '0', '.nan', '.inf', '1e12', 'much'])
    expect(problem(`limits:\n  spendPerDay: ${wrong}`)).toContain('`limits.spendPerDay`')
  expect(problem('limits:\n  currency: usd')).toContain('must be in capitals, such as USD')
  expect(problem('limits:\n  spendPerDya: 1')).toContain('did you mean `spendPerDay`?')
  expect(readEnv({})).toMatchObject({ SPEND_CURRENCY: 'USD' })
  expect(readEnv({ MAX_SPEND_PER_DAY: '12.5' }).MAX_SPEND_PER_DAY).toBe(12.5)
  for (const wrong of ['-1', '0', 'NaN', 'Infinity', '5 USD'])
    expect(() => readEnv({ MAX_SPEND_PER_DAY: wrong })).toThrow(/MAX_SPEND_PER_DAY is /)
})

test('wrong types, invalid YAML, aliases and branch names that git would misread are reported', () => {
  expect(problem('limits:\n  retries: many')).toContain('`limits.retries`')
  expect(problem('a: [')).toContain('not valid YAML')
  expect(problem('a: &a [1]\nb: *a')).toContain('not valid YAML')
  for (const base of ['-x', 'a..b', 'a b', 'a//b', 'x.lock', '@{-1}'])
    expect(problem(`branches:\n  base: ${JSON.stringify(base)}`)).toContain('branches.base')
})

test('the environment: errors about incomplete credentials and bad values name the variable', () => {
  expect(readEnv({}).credentials).toBeUndefined()
  expect(() => readEnv({ APP_ID: '1' })).toThrow(OperatorError)
  expect(() => readEnv({ APP_ID: '1' })).toThrow(/PRIVATE_KEY.*WEBHOOK_SECRET/)
  expect(() => readEnv({ PORT: 'http' })).toThrow(/PORT/)
  expect(readEnv({ GHE_HOST: 'git.example' }).apiUrl).toBe('https://git.example/api/v3')
})

test('the other name of the file is read, and its mistakes name it; where both are there, that is said', () => {
  const read = (text?: string, other?: string) => settingsFromText({ text, other }, defaultSettings())
  expect(read(undefined, 'label: a').settings.label).toBe('a')
  expect(read(undefined, 'lable: a').settingsError).toContain('`.github/tutti.yaml` cannot be used')
  expect(read('label: b', 'label: a')).toMatchObject({
    settings: { label: 'b' },
    settingsError: '`.github/tutti.yml` counts; `.github/tutti.yaml` is not read. Delete one of the two.',
  })
  expect(read().settingsError).toBeNull()
})

test('the set-up step: a list of paths is enough, and none leaves the tree', () => {
  const setup = (text: string) => readSettings(`setup: ${text}`).setup
  expect(setup('{ run: npm ci, cache: [node_modules] }')).toEqual({
    ...{ run: 'npm ci', minutes: 20, cache: { key: [], paths: ['node_modules'] } },
  })
  expect(setup('{ run: npm ci, cache: { key: [package-lock.json], paths: [a/node_modules] } }').cache).toEqual({
    key: ['package-lock.json'],
    paths: ['a/node_modules'],
  })
  for (const path of ['../x', '/etc', '.git/hooks', 'a/.GIT', 'a//b', 'a/', '..', '.', 'a/../b', 'a\\b'])
    expect(problem(`setup: { cache: ['${path}'] }`)).toContain('setup.cache')
  expect(setup('{ cache: [.venv, a/.gitignored] }').cache.paths).toEqual(['.venv', 'a/.gitignored'])
})

test('drafts and commits made through GitHub are not supported together yet, and that is said', () => {
  expect(readSettings('pullRequests: { drafts: true }').pullRequests.drafts).toBe(true)
  expect(problem('pullRequests: { drafts: true }\ncommits: { verified: true }')).toContain(
    '`pullRequests.drafts`: not supported yet together with `commits.verified`',
  )
})

test('secrets in the file are refused, with the place where they belong', () => {
  for (const key of ['secrets', 'env', 'variables'])
    expect(problem(`${key}: { TOKEN: abc }`)).toContain(`\`${key}\` does not belong into the repository`)
})
