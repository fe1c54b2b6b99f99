/** `tutti token` and `tutti audit` on the database of a directory, and their error texts. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { appendAudit } from '../../../src/db/audit-log.ts'
import { openStore, type Store } from '../../../src/db/connect.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { auditLog } from '../../../src/db/schema/repositories.ts'
import { openCliPlace } from '../../support/cli-place.ts'

let place: Awaited<ReturnType<typeof openCliPlace>>
beforeAll(async () => {
  place = await openCliPlace()
  await withStore(async (store) => {
    const facts = { private: true, installationId: 1, cloneUrl: 'https://x/y.git', defaultBranch: 'main' }
    const repo = await saveRepository(store.db, { ...facts, githubId: 1, fullName: 'acme/app' })
    await store.transaction((tx) => appendAudit(tx, { repositoryId: repo.id, actor: 'mona', what: '/queue' }))
  })
})
afterAll(() => place.close())

/** The database between two verbs: the embedded one is open once at a time. */
async function withStore(work: (store: Store) => Promise<unknown>): Promise<void> {
  const { DATA_DIR: directory = '', DATABASE_URL: databaseUrl } = place.env
  const log = pino({ level: 'silent' })
  const store = await openStore({ ...(databaseUrl ? { databaseUrl } : {}), directory, queues: [], log })
  try {
    await work(store)
  } finally {
    await store.close()
  }
}

test('a token is made, listed without its secret, and revoked; the log names the command line', async () => {
  const made = await place.tutti('token create nightly --role operate --repository acme/app --days 90')
  expect(made).toMatchObject({ code: 0, err: '' })
  const [secret = '', , line, last] = made.out.split('\n')
  expect(secret).toMatch(/^tutti_[\w-]{43}$/)
  expect(line).toMatch(/^nightly {14}operate {2}valid until \d{4}-\d\d-\d\d, never used, acme\/app$/)
  expect(last).toBe('The token is not shown again.')
  expect(await place.tutti('token revoke nightly')).toEqual({
    code: 0,
    out: 'nightly is revoked: from now on it opens nothing.\n',
    err: '',
  })
  const listed = await place.tutti('token list')
  expect(listed.out).toMatch(/^nightly {14}operate {2}revoked, never used, acme\/app\n$/)
  const json = JSON.parse((await place.tutti('token list --json')).out)
  expect(json).toMatchObject([{ name: 'nightly', role: 'operate', createdBy: 'operator' }])
  expect(JSON.stringify(json)).not.toContain(secret)
  const exported = await place.tutti('audit export --repository acme/app')
  const entries = exported.out
    .trim()
    .split('\n')
    .map((text) => JSON.parse(text))
  expect(entries.map(({ what, detail }) => [what, detail.door])).toEqual([
    ['/queue', undefined],
    ['token made', 'cli'],
    ['token revoked', 'cli'],
  ])
})

test('the log is proved, and old entries go into a file', async () => {
  expect(await place.tutti('audit verify')).toEqual({ code: 0, out: '✓ acme/app: 3 entries\n', err: '' })
  const archived = await place.tutti('audit archive --before 2099-01-01 --file old.jsonl.gz')
  const file = join(place.directory, 'old.jsonl.gz')
  expect(archived).toEqual({ code: 0, out: `acme/app: 3 entries moved to ${file}\n`, err: '' })
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).what)).toEqual(['/queue', 'token made', 'token revoked'])
  const whole = `✓ acme/app: 1 entry, 3 more in archives\n✓ ${file}: 3 entries\n`
  expect(await place.tutti('audit verify')).toEqual({ code: 0, out: whole, err: '' })
  expect(JSON.parse((await place.tutti('audit verify --json')).out)).toEqual({
    repositories: [{ repository: 'acme/app', entries: 1, archived: 3 }],
    archives: [{ archive: file, entries: 3, read: true }],
  })
  expect(await place.tutti('audit archive --before 2099-01-01 --file old.jsonl.gz')).toMatchObject({ code: 1 })
  await withStore(({ db }) => db.update(auditLog).set({ actor: 'mallory' }))
  const broken = await place.tutti('audit verify')
  expect(broken.code).toBe(1)
  expect(broken.out).toMatch(/^✗ acme\/app: 1 entry; changed at entry \d+\n$/)
  const refused = await place.tutti('audit archive --before 2099-01-01 --file new.jsonl.gz')
  expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('the log is broken: ✗ acme/app') })
})

test('an archive is proved where it is now, an archive of an archive too; one that was changed, cut or swapped is found', async () => {
  const place = await openCliPlace()
  onTestFinished(() => place.close())
  const { DATA_DIR: directory = '', DATABASE_URL: databaseUrl } = place.env
  const withLog = async (work: (store: Store) => Promise<unknown>) => {
    const log = pino({ level: 'silent' })
    const store = await openStore({ ...(databaseUrl ? { databaseUrl } : {}), directory, queues: [], log })
    await work(store).finally(() => store.close())
  }
  const facts = { private: true, installationId: 1, cloneUrl: 'https://x/y.git', defaultBranch: 'main' }
  const append = (...whats: string[]) =>
    withLog(async (store) => {
      const repo = await saveRepository(store.db, { ...facts, githubId: 1, fullName: 'acme/app' })
      for (const what of whats)
        await store.transaction((tx) => appendAudit(tx, { repositoryId: repo.id, actor: 'm', what }))
    })
  await append('one', 'two', 'three')
  await place.tutti('audit archive --before 2099-01-01 --file a.gz')
  await append('four')
  await place.tutti('audit archive --before 2099-01-01 --file b.gz')
  const [a, b] = ['a.gz', 'b.gz'].map((name) => join(place.directory, name)) as [string, string]
  const verify = async (more = '') => {
    const { code, out } = await place.tutti(`audit verify${more}`)
    return [code, ...out.trim().split('\n').slice(1)]
  }
  expect(await verify()).toEqual([0, `✓ ${b}: 2 entries`, `✓ ${a}: 3 entries`])

  const [first, second] = [readFileSync(a), readFileSync(b)]
  const lines = gunzipSync(first).toString().trim().split('\n')
  const write = (changed: string[]) => writeFileSync(a, gzipSync(`${changed.join('\n')}\n`))
  write(lines.map((line) => line.replace('"two"', '"2wo"')))
  expect(await verify()).toEqual([
    1,
    `✓ ${b}: 2 entries`,
    `✗ ${a}: 3 entries; changed at entry ${JSON.parse(lines[1] ?? '').id}`,
  ])
  for (const others of [lines.slice(0, 2), lines.slice(1), [lines[0] ?? '', lines[2] ?? '']]) {
    write(others)
    expect((await verify())[2]).toMatch(
      /^✗ \S+a\.gz: 3 entries; (?:it does not hold what was moved into it|missing before it at entry \d+)$/,
    )
  }
  writeFileSync(a, first.subarray(0, 40))
  expect((await verify())[2]).toMatch(/^✗ \S+a\.gz: 3 entries; it cannot be read: /)
  writeFileSync(a, second)
  expect((await verify())[2]).toBe(`✗ ${a}: 3 entries; it does not hold what was moved into it`)

  rmSync(a)
  expect(await verify()).toEqual([
    0,
    `✓ ${b}: 2 entries`,
    `! ${a}: 3 entries, not read: the file is not there. Name it with --archive`,
  ])
  writeFileSync(join(place.directory, 'elsewhere.gz'), first)
  expect(await verify(' --archive elsewhere.gz')).toEqual([
    0,
    `✓ ${b}: 2 entries`,
    `✓ ${join(place.directory, 'elsewhere.gz')}: 3 entries`,
  ])
  expect(await place.tutti('audit verify --archive nowhere.gz')).toMatchObject({
    code: 1,
    err: expect.stringContaining('there is no file'),
  })
})

test.each<[string, number, string]>([
  ['token make', 2, 'tutti: there is no action "make"\nThere are: create, list, revoke.\n'],
  ['token create', 2, 'tutti: create needs the name of the token\nExample: tutti token create nightly-report\n'],
  ['token create x --role root', 2, 'tutti: --role is "root"\nIt must be read, operate or admin.\n'],
  ['token create x --days soon', 2, 'tutti: --days is "soon"\nIt must be a whole number from 1 to 3650.\n'],
  ['token revoke never', 3, 'tutti: There is no token `never`.\n`tutti token list` and `GET /api/tokens` list them.\n'],
  [
    'token create x --repository acme/none',
    3,
    'tutti: There is no repository `acme/none` here.\nName it as `owner/name`; the app must be installed there.\n',
  ],
  ['audit prove', 2, 'tutti: there is no action "prove"\nThere are: verify, export, archive.\n'],
  ['audit export --repository acme/none', 3, 'tutti: there is no repository acme/none\nThere are: acme/app.\n'],
  [
    'audit export --since yesterday',
    2,
    'tutti: --since is "yesterday", which is no time\nExample: 2026-01-31 or 2026-01-31T12:00:00Z\n',
  ],
  [
    'audit archive --before 2026-01-01',
    2,
    'tutti: archive needs --before and --file\nExample: tutti audit archive --before 2026-01-01 --file audit-2025.jsonl.gz\n',
  ],
  ['tokn list', 2, 'tutti: there is no "tokn". Did you mean "token"?\nSee: tutti --help\n'],
])('tutti %s: %i', async (line, code, err) => {
  const ended = await place.tutti(line, 80)
  expect(ended).toEqual({ code, out: '', err })
  for (const text of err.split('\n')) expect(text.length).toBeLessThanOrEqual(80)
})

test('what is longer than the terminal is broken between words, and in a pipe not at all', async () => {
  const { env, tutti } = await openCliPlace({ DATABASE_URL: '' })
  const wide = await tutti('status')
  const narrow = await tutti('status', 80)
  expect(narrow.code).toBe(4)
  expect(wide.err.split('\n')).toHaveLength(3)
  expect(narrow.err.replaceAll('\n', ' ')).toBe(wide.err.replaceAll('\n', ' '))
  const long = narrow.err.split('\n').filter((text) => text.length > 80)
  // A path is not broken: it is copied.
  for (const text of long) expect(text).toContain(env.DATA_DIR)
  mkdirSync(env.DATA_DIR ?? '', { recursive: true })
  writeFileSync(join(env.DATA_DIR ?? '', 'operator.json'), 'no JSON')
  expect((await tutti('status', 80)).err).toBe(narrow.err)
})
