/** A version of this repository from before the newest migration, checked out beside it. */

import { execFile } from 'node:child_process'
import { readFile, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const journalPath = 'drizzle/meta/_journal.json'

export interface OlderVersion {
  directory: string
  commit: string
  subject: string
  /** Name of its newest migration. */
  migration: string
  /** Removes the checkout. */
  remove(): Promise<void>
}

interface Migration {
  tag: string
  when: number
}

/**
 * Checks it out, and installs its dependencies where they differ from those here.
 * @param directory where to; it must not exist.
 * @param from a commit; without it, the newest one of this line of history from before the newest migration.
 * @throws where the history does not go back that far, or the migrations of that commit are no beginning of those here.
 */
export async function checkOutOlder(directory: string, from?: string): Promise<OlderVersion> {
  const commit = from ?? (await lastBeforeNewestMigration())
  const older = await migrationsOf(commit)
  if (!isBeginning(older, await migrationsHere()))
    throw new Error(
      `the migrations of ${commit} are not the beginning of those here: it is no earlier version of this one`,
    )
  await git('worktree', 'add', '--detach', directory, commit)
  try {
    const same = runtimePackages(await git('show', `${commit}:package-lock.json`)) === (await runtimePackagesHere())
    if (same) await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
    else await run('npm', ['ci', '--omit=dev', '--ignore-scripts'], { cwd: directory })
  } catch (error) {
    await git('worktree', 'remove', '--force', directory)
    throw error
  }
  return {
    ...{ directory, commit: commit.slice(0, 7), migration: older.at(-1)?.tag ?? 'none' },
    subject: (await git('log', '-1', '--format=%s', commit)).trim(),
    remove: async () => {
      await rm(directory, { recursive: true, force: true })
      await git('worktree', 'prune')
    },
  }
}

async function git(...args: string[]): Promise<string> {
  return (await run('git', ['-C', root, ...args], { maxBuffer: 64 * 1_024 * 1_024 })).stdout
}

async function lastBeforeNewestMigration(): Promise<string> {
  const here = await migrationsHere()
  const changes = (await git('log', '--first-parent', '--format=%H', '--', journalPath)).split('\n').filter(Boolean)
  for (const commit of [await head(), ...changes]) {
    for (const one of [commit, `${commit}^1`]) {
      const older = await migrationsOf(one).catch(() => undefined)
      if (older && older.length < here.length && isBeginning(older, here)) return (await git('rev-parse', one)).trim()
    }
  }
  const shallow = (await git('rev-parse', '--is-shallow-repository')).trim() === 'true'
  throw new Error(
    shallow
      ? 'this is a shallow clone without an earlier version: run `git fetch --unshallow` first'
      : 'no commit of this history is from before the newest migration',
  )
}

async function head(): Promise<string> {
  return (await git('rev-parse', 'HEAD')).trim()
}

async function migrationsOf(commit: string): Promise<Migration[]> {
  return entriesOf(await git('show', `${commit}:${journalPath}`))
}

async function migrationsHere(): Promise<Migration[]> {
  return entriesOf(await readFile(join(root, journalPath), 'utf8'))
}

function entriesOf(journal: string): Migration[] {
  return (JSON.parse(journal) as { entries: Migration[] }).entries
}

/** Migrations are applied by their time: one that comes in between later would be left out. */
function isBeginning(older: readonly Migration[], newer: readonly Migration[]): boolean {
  return older.every(({ tag, when }, index) => newer[index]?.tag === tag && newer[index]?.when === when)
}

/** What `npm ci --omit=dev` would install, as one text. */
function runtimePackages(lock: string): string {
  const { packages } = JSON.parse(lock) as { packages: Record<string, { version?: string; dev?: boolean }> }
  const installed = Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev)
  return installed.map(([path, { version }]) => `${path} ${version}`).join('\n')
}

async function runtimePackagesHere(): Promise<string> {
  return runtimePackages(await readFile(join(root, 'package-lock.json'), 'utf8'))
}
