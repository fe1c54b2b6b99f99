import { connect } from 'node:net'
import { defineConfig } from 'vitest/config'
import { testsThatImport } from './test/support/which-tests.ts'

/**
 * The kinds of tests, each a project:
 *  - `unit`: rules, in milliseconds; the inner loop (`npm run test:unit`).
 *  - `database`: rules that stand on rows and jobs, each file on a database of its own.
 *  - `adapters`: what starts real processes: git, agents, gates, the playground's server, databases that are killed.
 *  - `stories`: whole journeys through the playground.
 *  - `house`: the repository itself: its docs, names, sizes and migrations.
 *
 * Where a Postgres listens on this machine they run on it, since a story there costs half the processor time. Then
 * `embedded` runs on PGlite those that differ there: the queues, locks and transactions; the demo is a journey on it. Without a
 * Postgres, or with an empty TEST_DATABASE_URL, everything runs on PGlite.
 */

const database = process.env.TEST_DATABASE_URL ?? (await localPostgres())
if (database) process.env.TEST_DATABASE_URL = database

const processes = [
  'test/unit/{agents,chaos,git,sandbox,playground}/**/*.test.ts',
  'test/unit/gates/command.test.ts',
  // It opens a PGlite of its own, whatever the others run on.
  'test/unit/db/embedded-pool.test.ts',
]
/**
 * The journeys that prove most for their time; all of them take longer than the gate may. `npm run test:all` has them. What
 * the demo shows and checks in the gate, red CI and a conflict, is not told here again.
 */
const stories = process.env.ALL_STORIES
  ? ['test/stories/**/*.test.ts']
  : [
      'test/stories/{merged,stop,killed,frozen,restored,merge-rules,planning,rest}.test.ts',
      'test/stories/{review,agent-review,pushes-refused}.test.ts',
    ]
/** Dozens of kills of the embedded database; `npm run test:all` and `npm run chaos -- --embedded` have them. */
const slow = process.env.ALL_STORIES ? [] : ['test/unit/chaos/embedded.test.ts']
const onPglite = [
  ...(process.env.ALL_STORIES ? ['test/stories/merged.test.ts'] : []),
  'test/unit/db/**/*.test.ts',
  'test/unit/scheduling/scheduler.test.ts',
  'test/unit/reconcile/{rescue,prune}.test.ts',
  'test/unit/github/shared-limits.test.ts',
  'test/unit/commands/{commands,plans}.test.ts',
]

const unit = ['test/{unit,contracts}/**/*.test.ts']
const onDatabase = [...testsThatImport(unit, 'test/support/test-store.ts'), 'test/unit/db/prepared-client.test.ts']

/** The Postgres of this machine, where it takes connections without a password; undefined where there is none. */
async function localPostgres(): Promise<string | undefined> {
  const socket = connect(5432, '127.0.0.1')
  const open = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.setTimeout(1_000, () => resolve(false))
  })
  socket.destroy()
  if (!open) return undefined
  const url = 'postgres://postgres@127.0.0.1:5432/postgres'
  const { Client } = (await import('pg')).default
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    return url
  } catch {
    return undefined
  } finally {
    await client.end().catch(() => {})
  }
}

const shared = {
  globalSetup: ['test/support/global-setup.ts'],
  // A story takes seconds on a quiet machine and minutes on one that is shared: limits are for what hangs.
  testTimeout: 300_000,
  hookTimeout: 120_000,
  expect: { poll: { timeout: 60_000 } },
  // Tests here kill processes and race real ones; where others decide about landing, a second try is allowed.
  retry: process.env.CI ? 2 : 0,
  execArgv: ['--import', new URL('test/support/resolve-once.ts', import.meta.url).href],
  pool: 'forks' as const,
}

/** The files of these share their modules: loading them takes longer than the tests. */
const quick = { testTimeout: 180_000, isolate: false }

export default defineConfig({
  test: {
    // Half of a story is waiting for other processes: four keep two cores busy.
    maxWorkers: 4,
    projects: [
      // Loading a whole Tutti takes seconds, so the files of these share it.
      { test: { ...shared, name: 'stories', include: stories, isolate: false } },
      { test: { ...shared, name: 'adapters', isolate: false, include: processes, exclude: slow } },
      {
        test: {
          ...{ ...shared, ...quick, name: 'unit', include: unit },
          exclude: [...processes, ...onDatabase],
        },
      },
      { test: { ...shared, ...quick, name: 'database', include: onDatabase, exclude: processes } },
      { test: { ...shared, name: 'house', isolate: false, include: ['test/house/**/*.test.ts'] } },
      ...(database
        ? [
            {
              test: {
                ...shared,
                name: 'embedded',
                include: onPglite,
                exclude: processes,
                isolate: false,
                env: { TEST_DATABASE_URL: '' },
              },
            },
          ]
        : []),
    ],
  },
})
