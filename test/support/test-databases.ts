/**
 * The names of the databases of one run of the tests, and the way to make and drop them. Apart from `test-store.ts`, which
 * loads all of Tutti: what starts the tests needs no more than this.
 */

import pg from 'pg'

/** How the names of the copies of one run begin; what a killed test has left is dropped by it. */
export const copyPrefix = (run: string) => `tutti_test_${run}_`

/** The database that those of one run of the tests are copied from; see global-setup.ts, which drops it. */
export const templateName = (run: string) => `tutti_template_${run}`

/** Works on a server as its administrator, with a connection that is closed afterwards. */
export async function asAdmin<T>(url: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}
