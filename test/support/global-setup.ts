/** Before and after all tests: what they share on a Postgres is made by this run and dropped by it. */

import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { placeInMemory } from './memory-directory.ts'
import { asAdmin, copyPrefix, templateName } from './test-databases.ts'

let place: string | undefined

/** Names the run and its place, once for all projects of it; the workers that are started afterwards inherit them. */
export function setup(): void {
  if (process.env.TUTTI_TEST_RUN) return
  process.env.TUTTI_TEST_RUN = randomBytes(6).toString('hex')
  // What is prepared for all runs stays where it outlives them.
  process.env.TUTTI_TEST_PREPARED = tmpdir()
  place = placeInMemory() ?? mkdtempSync(join(tmpdir(), 'tutti-tests-'))
  process.env.TMPDIR = place
  // Every process that a test starts loads the same modules; compiled once, that takes half the time.
  process.env.NODE_COMPILE_CACHE = join(tmpdir(), 'tutti-compile-cache')
}

/** Removes the place, and the databases that the tests were given copies of. */
export async function teardown(): Promise<void> {
  // A process that is being ended may still write its last file.
  if (place) rmSync(place, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  const { TEST_DATABASE_URL: url, TUTTI_TEST_RUN: run = '' } = process.env
  if (!url) return
  const template = templateName(run)
  await asAdmin(url, async (admin) => {
    const left = await admin.query('select datname from pg_database where starts_with(datname, $1)', [copyPrefix(run)])
    for (const name of [template, `${template}_making`, ...left.rows.map(({ datname }) => datname as string)]) {
      await admin.query(`drop database if exists ${name} with (force)`)
    }
  })
}
