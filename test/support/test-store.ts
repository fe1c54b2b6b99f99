/**
 * Databases for tests. Making one from nothing takes seconds (initdb, migrations, queues), so it is made once for each
 * version of the schema, kept beside the other temporary files, and copied. With TEST_DATABASE_URL set the same is done
 * with a template database of Postgres.
 */

import { createHash, randomBytes } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Client } from 'pg'
import { pino } from 'pino'
import { openStore, type Store } from '../../src/db/connect.ts'
import { jobs } from '../../src/jobs.ts'
import { emptyDatabase, type FreshContents, readFresh } from './empty-database.ts'
import { asAdmin, copyPrefix, templateName } from './test-databases.ts'

/** A database of a test's own. */
export interface TestDatabase {
  /** The Postgres to use; undefined where the prepared PGlite directory is to be used. */
  url: string | undefined
  /** Gives it back: nothing of it is seen again. Close everything that uses it first. */
  drop(): Promise<void>
}

const log = pino({ level: process.env.LOG_LEVEL ?? 'silent' })
const testUrl = process.env.TEST_DATABASE_URL || undefined

/**
 * Prepares a database that is migrated and has its queues.
 * @param directory the data directory of the test; on PGlite it holds the database afterwards.
 */
export async function prepareDatabase(directory: string): Promise<TestDatabase> {
  if (testUrl) return copyTemplate(testUrl)
  mkdirSync(directory, { recursive: true })
  cpSync(await preparedDirectory(), directory, { recursive: true })
  return { url: undefined, drop: async () => rmSync(directory, { recursive: true, force: true }) }
}

/** A store of a test's own, on PGlite or on Postgres. */
export interface TestStore {
  store: Store
  directory: string
  /** Closes the store and removes the database. */
  close(): Promise<void>
}

/** Opens a store on a fresh database. */
export async function openTestStore(): Promise<TestStore> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-test-'))
  const database = await prepareDatabase(directory)
  const store = await openStore({ queues: Object.values(jobs), databaseUrl: database.url, directory, log })
  return {
    store,
    directory,
    close: async () => {
      await store.close()
      await database.drop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** What a prepared database depends on: another schema, other queues, other engines make another one. */
function version(): string {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const hash = createHash('sha256')
  for (const file of readdirSync(join(root, 'drizzle'), { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(root, 'drizzle', file)
    if (file.endsWith('.sql') || file.endsWith('.json')) hash.update(file).update(readFileSync(path))
  }
  for (const file of ['src/db/queues.ts', 'src/db/connect.ts', 'src/jobs.ts', 'package-lock.json']) {
    hash.update(readFileSync(join(root, file)))
  }
  return hash.digest('hex').slice(0, 16)
}

let prepared: Promise<string> | undefined

function preparedDirectory(): Promise<string> {
  prepared ??= prepareDirectory(join(process.env.TUTTI_TEST_PREPARED ?? tmpdir(), `tutti-prepared-${version()}`))
  return prepared
}

async function prepareDirectory(target: string): Promise<string> {
  if (existsSync(target)) return target
  const work = mkdtempSync(`${target}-making-`)
  const store = await openStore({ queues: Object.values(jobs), directory: work, log })
  await store.close()
  try {
    // Whole or not at all: other test processes may be doing the same at this moment.
    renameSync(work, target)
  } catch (error) {
    rmSync(work, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
  return target
}

/** Databases that earlier files of this process were given, as they were when they were copied. */
const free: string[] = []
let fresh: FreshContents | undefined

async function copyTemplate(url: string): Promise<TestDatabase> {
  const name = free.pop() ?? (await newCopy(url))
  return {
    url: withName(url, name),
    drop: async () => {
      if (await isEmptied(withName(url, name))) free.push(name)
      else await asAdmin(url, async (admin) => void (await admin.query(`drop database if exists ${name} with (force)`)))
    },
  }
}

async function newCopy(url: string): Promise<string> {
  const template = templateName(process.env.TUTTI_TEST_RUN ?? version())
  const name = `${copyPrefix(process.env.TUTTI_TEST_RUN ?? 'alone')}${randomBytes(6).toString('hex')}`
  await asAdmin(url, async (admin) => {
    await ensureTemplate(admin, url, template)
    await underLock(admin, () => admin.query(`create database ${name} template ${template}`))
  })
  fresh ??= await asAdmin(withName(url, name), readFresh)
  return name
}

/** Whether the next one may have it. What runs alone drops all that it has made; the end of a run of the tests does too. */
async function isEmptied(url: string): Promise<boolean> {
  const contents = fresh
  if (!process.env.TUTTI_TEST_RUN || !contents) return false
  return asAdmin(url, (client) => emptyDatabase(client, contents))
}

async function ensureTemplate(admin: Client, url: string, template: string): Promise<void> {
  const exists = async () =>
    (await admin.query('select 1 from pg_database where datname = $1', [template])).rowCount !== 0
  if (await exists()) return
  await underLock(admin, async () => {
    if (await exists()) return
    const making = `${template}_making`
    await admin.query(`drop database if exists ${making} with (force)`)
    await admin.query(`create database ${making}`)
    const store = await openStore({
      queues: Object.values(jobs),
      databaseUrl: withName(url, making),
      directory: '',
      log,
    })
    await store.close()
    await admin.query(`alter database ${making} rename to ${template}`)
  })
}

/** Postgres copies a template for one at a time. */
async function underLock(admin: Client, work: () => Promise<unknown>): Promise<void> {
  await admin.query('select pg_advisory_lock(7849502)')
  try {
    await work()
  } finally {
    await admin.query('select pg_advisory_unlock(7849502)')
  }
}

function withName(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
