/** The list of migrations, and a folder that ends with an earlier one. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { migrationsFolder } from './session.ts'

const journal = z.looseObject({ entries: z.array(z.looseObject({ tag: z.string() })) })

function readJournal(folder: string): z.infer<typeof journal> {
  return journal.parse(JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8')))
}

/** The names of all migrations, in their order. */
export function migrationNames(): string[] {
  return readJournal(migrationsFolder).entries.map(({ tag }) => tag)
}

/** Does `work` with a folder that holds the first migrations only. @param count how many. */
export async function withMigrationsUpTo<T>(count: number, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-migrations-'))
  try {
    cpSync(migrationsFolder, folder, { recursive: true })
    const all = readJournal(folder)
    const cut = { ...all, entries: all.entries.slice(0, count) }
    writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify(cut))
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
