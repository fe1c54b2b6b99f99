/** `tutti backup`: the database in one file. */

import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { tuttiVersion } from '../lib/version.ts'
import { VerbError } from './exit-codes.ts'
import { databasePlace, readLocalEnv } from './lib/local-store.ts'
import { defineVerb } from './verb.ts'

export const backup = defineVerb({
  json: true,
  declare: (command) => command.argument('[file]', 'where to; a name with the time of now when left out'),
  more: [
    'It holds every item, plan, decision, review and the audit log. On a Postgres it may be made while Tutti serves; an',
    'embedded database has one user at a time. Not in it: .env, the clones (they are fetched again), logs, and work in',
    'DATA_DIR that is on no branch of the server.',
  ].join('\n'),
  run: async ({ args: [name], json }) => {
    const env = readLocalEnv()
    const [{ openDatabaseSession }, { writeBackup }] = await Promise.all([
      import('../db/backup/session.ts'),
      import('../db/backup/dump.ts'),
    ])
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')
    const file = resolve(name ?? `tutti-${stamp}.backup.gz`)
    if (existsSync(file)) throw new VerbError('failed', `${file} is there already`, 'Give another name.')
    const session = await openDatabaseSession(databasePlace(env))
    try {
      const { tables, rows, header } = await writeBackup(session, file, tuttiVersion())
      if (json) console.log(JSON.stringify({ file, tables, rows, ...header }))
      else console.log(`${file}: ${rows} rows of ${tables} tables, schema ${header.migration}`)
      return 0
    } finally {
      await session.close()
    }
  },
})
