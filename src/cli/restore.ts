/** `tutti restore`: a backup in an empty database. */

import { databasePlace, readLocalEnv } from './lib/local-store.ts'
import { defineVerb } from './verb.ts'

export const restore = defineVerb({
  json: true,
  declare: (command) =>
    command.argument('<file>', 'what `tutti backup` has written').option('--check', 'only read it to its end'),
  more: [
    'The database must be empty; nothing is ever overwritten. The next start brings the schema up to date and compares',
    'every item with GitHub, so that what has happened since the backup is found and nothing is made twice.',
  ].join('\n'),
  run: async ({ args: [file], options, json }) => {
    const [{ openDatabaseSession }, { checkBackup, restoreBackup }] = await Promise.all([
      import('../db/backup/session.ts'),
      import('../db/backup/restore.ts'),
    ])
    let report: Awaited<ReturnType<typeof checkBackup>>
    if (options.check) report = await checkBackup(file)
    else {
      const session = await openDatabaseSession(databasePlace(readLocalEnv()))
      try {
        report = await restoreBackup(session, file)
      } finally {
        await session.close()
      }
    }
    const { tables, rows, header } = report
    if (json) console.log(JSON.stringify({ restored: options.check !== true, tables, rows, ...header }))
    else {
      const what = `${rows} rows of ${tables} tables, made ${header.createdAt} by Tutti ${header.version}`
      console.log(
        options.check ? `${file} is whole: ${what}` : `Restored: ${what}. Start Tutti: it compares them with GitHub.`,
      )
    }
    return 0
  },
})
