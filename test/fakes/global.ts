/** Before and after all tests: what they share on a Postgres is made by this run and dropped by it. */

import { randomBytes } from 'node:crypto'
import { asAdmin, templateName } from './store.ts'

/** Names the run, once for all projects of it; the workers that are started afterwards inherit it. */
export function setup(): void {
  process.env.TUTTI_TEST_RUN ??= randomBytes(6).toString('hex')
}

/** Drops the databases that the tests were given copies of. */
export async function teardown(): Promise<void> {
  const { TEST_DATABASE_URL: url, TUTTI_TEST_RUN: run = '' } = process.env
  if (!url) return
  const template = templateName(run)
  for (const name of [template, `${template}_making`]) {
    await asAdmin(url, (admin) => admin.query(`drop database if exists ${name} with (force)`))
  }
}
