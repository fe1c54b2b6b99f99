/** `tutti audit`: proves, prints or archives who did what on whose word. */

import { once } from 'node:events'
import { createWriteStream, existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { finished } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { AuditCheck, AuditRow } from '../db/audit-archive.ts'
import { counted } from '../lib/counted.ts'
import { VerbError } from './exit-codes.ts'
import type { ArchiveCheck } from './lib/audit-files.ts'
import { readLocalEnv, withLocalStore } from './lib/local-store.ts'
import { defineVerb } from './verb.ts'

const actions = ['verify', 'export', 'archive'] as const

export const audit = defineVerb({
  json: true,
  declare: (command) =>
    command
      .argument('<action>', 'verify, export or archive')
      .option('--repository <owner/name>', 'export: of this repository alone')
      .option('--since <date>', 'export: from this time on')
      .option('--before <date>', 'archive: what is older')
      .option('--archive <paths...>', 'verify: archives that are no longer where they were written')
      .option('--file <path>', 'archive: where to; it is compressed with gzip'),
  more: [
    'verify   follows the hash chain of each repository, also in archives; exit code 1 when an entry was changed or is missing',
    'export   one JSON document a line, oldest first',
    'archive  moves old entries into a file; the log says that they are there, so that the rest can still be proved',
  ].join('\n'),
  run: async ({ args: [action], options, json }) => {
    if (action === 'verify') return verify(options.archive ?? [], json)
    if (action === 'export') return exportEntries(options)
    if (action === 'archive') return archive(options, json)
    throw new VerbError('usage', `there is no action "${action}"`, `There are: ${actions.join(', ')}.`)
  },
})

async function verify(files: readonly string[], json: boolean): Promise<number> {
  const paths = files.map((file) => resolve(file))
  const absent = paths.find((path) => !existsSync(path))
  if (absent) throw new VerbError('failed', `there is no file ${absent}`, 'Name the archives where they are now.')
  const [{ checkAuditLog }, { checkArchives }] = await Promise.all([
    import('../db/audit-archive.ts'),
    import('./lib/audit-files.ts'),
  ])
  const { checks, archives } = await withLocalStore(readLocalEnv(), async ({ db }) => ({
    checks: await checkAuditLog(db),
    archives: await checkArchives(db, paths),
  }))
  if (json) console.log(JSON.stringify({ repositories: checks, archives }))
  else
    console.log(
      [...checks.map(lineOfCheck), ...archives.map(lineOfArchive)].join('\n') || 'There is no repository yet.',
    )
  return checks.some(({ broken }) => broken) || archives.some(({ broken }) => broken) ? 1 : 0
}

function lineOfArchive({ archive, entries, read, broken }: ArchiveCheck): string {
  const size = `${archive}: ${counted(entries, 'entry', 'entries')}`
  if (broken) return `✗ ${size}; ${broken}`
  return read ? `✓ ${size}` : `! ${size}, not read: the file is not there. Name it with --archive`
}

function lineOfCheck({ repository, entries, archived, broken }: AuditCheck): string {
  const size = `${counted(entries, 'entry', 'entries')}${archived > 0 ? `, ${archived} more in archives` : ''}`
  if (!broken) return `✓ ${repository}: ${size}`
  const where = broken.id === null ? '' : ` at entry ${broken.id}`
  return `✗ ${repository}: ${size}; ${broken.why}${where}`
}

async function exportEntries({ repository, since }: { repository?: string; since?: string }): Promise<number> {
  const { auditEntries, auditedRepositories } = await import('../db/audit-archive.ts')
  const from = since === undefined ? undefined : timeOf('--since', since)
  return withLocalStore(readLocalEnv(), async ({ db }) => {
    const all = await auditedRepositories(db)
    const chosen = all.filter(({ fullName }) => repository === undefined || fullName === repository)
    if (repository !== undefined && chosen.length === 0)
      throw new VerbError(
        'refused',
        `there is no repository ${repository}`,
        `There are: ${all.map(({ fullName }) => fullName).join(', ')}.`,
      )
    for (const { id, fullName } of chosen) {
      for await (const row of auditEntries(db, id, { since: from }))
        if (!process.stdout.write(lineOfEntry(fullName, row)))
          await new Promise((go) => process.stdout.once('drain', go))
    }
    return 0
  })
}

async function archive({ before, file }: { before?: string; file?: string }, json: boolean): Promise<number> {
  if (!before || !file)
    throw new VerbError(
      'usage',
      'archive needs --before and --file',
      'Example: tutti audit archive --before 2026-01-01 --file audit-2025.jsonl.gz',
    )
  const path = resolve(file)
  if (existsSync(path)) throw new VerbError('failed', `${path} is there already`, 'Give another name.')
  const until = timeOf('--before', before)
  const { auditedRepositories, checkAuditLog, copyOldAudit, dropCopiedAudit } = await import('../db/audit-archive.ts')
  return withLocalStore(readLocalEnv(), async (store) => {
    const broken = (await checkAuditLog(store.db)).filter((check) => check.broken)
    if (broken.length > 0) {
      throw new VerbError(
        'failed',
        `the log is broken: ${broken.map(lineOfCheck).join('; ')}`,
        'A broken log is not archived; keep the database as it is.',
      )
    }
    const packed = createGzip()
    const written = finished(packed.pipe(createWriteStream(path, { mode: 0o600, flush: true })))
    const write = async (text: string) => {
      if (!packed.write(text)) await Promise.race([once(packed, 'drain'), written])
    }
    const copies = []
    for (const repo of await auditedRepositories(store.db))
      copies.push(await copyOldAudit(store.db, repo, until, (row) => write(lineOfEntry(repo.fullName, row))))
    packed.end()
    await written
    // Only now: the file is whole and on the disk.
    const moved = copies.filter((one) => one !== undefined)
    for (const copied of moved) await dropCopiedAudit(store, copied, path)
    const report = moved.map(({ repository, entries }) => ({ repository, entries }))
    if (json) console.log(JSON.stringify({ file: path, moved: report }))
    else
      console.log(
        report
          .map((one) => `${one.repository}: ${counted(one.entries, 'entry', 'entries')} moved to ${path}`)
          .join('\n') || 'Nothing is so old.',
      )
    return 0
  })
}

function lineOfEntry(repository: string, row: AuditRow): string {
  return `${JSON.stringify({ repository, ...row })}\n`
}

function timeOf(option: string, text: string): Date {
  const time = new Date(text)
  if (Number.isNaN(time.getTime()))
    throw new VerbError(
      'usage',
      `${option} is "${text}", which is no time`,
      'Example: 2026-01-31 or 2026-01-31T12:00:00Z',
    )
  return time
}
