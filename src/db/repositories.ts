/** Keeping a system's view of its repository fresh: the base branch, and the settings on it. */

import { eq, sql } from 'drizzle-orm'
import { defaultSettings, readSettings, type Settings, settingsPath } from '../config/settings.ts'
import type { RepositoryIdentity } from '../domain/events.ts'
import { UserError } from '../lib/errors.ts'
import type { Store, Tx } from './connect.ts'
import { repositories } from './schema/core.ts'
import { type RepositoryRow, saveRepository } from './work-items.ts'

/** The parts of a control repository that are needed here. */
export interface BaseBranchReader {
  fetch(): Promise<void>
  remoteHead(branch: string): Promise<string | undefined>
  readFile(commit: string, path: string): Promise<string | undefined>
}

/** Thrown when the base branch does not exist any more. */
export class BaseBranchDeleted extends Error {
  override name = 'BaseGone'
}

/**
 * Fetches when a push has told us to (or nothing was fetched yet), and reads the settings when the base has moved.
 * A settings file that cannot be used leaves the last good settings in force and says so in `settingsError`.
 * @returns the settings in force and the head of the base branch.
 * @throws {BaseBranchDeleted} when the base branch is not there.
 */
export async function refreshSettings(
  store: Store,
  repo: RepositoryRow,
  control: BaseBranchReader,
): Promise<{ settings: Settings; baseBranch: string; base: string }> {
  if (repo.fetchedRevision < repo.remoteRevision) await fetchNow(store, repo, control)
  const known = repo.settings ?? defaultSettings()
  const trunk = await control.remoteHead(repo.defaultBranch)
  if (!trunk) throw new BaseBranchDeleted(`the branch ${repo.defaultBranch} of ${repo.fullName} is gone`)
  const read =
    repo.settingsSha === trunk && repo.settings
      ? { settings: known, settingsError: repo.settingsError }
      : await settingsAt(control, trunk, known)
  if (repo.settingsSha !== trunk || !repo.settings) {
    await store.db
      .update(repositories)
      .set({ ...read, settingsSha: trunk })
      .where(eq(repositories.id, repo.id))
    // Caps, modules and the like may be others now. Before the first settings nothing was decided by them.
    if (repo.settings) await store.queues.send({ queue: 'schedule' })
  }
  const baseBranch = read.settings.branches.base ?? repo.defaultBranch
  const base = baseBranch === repo.defaultBranch ? trunk : await control.remoteHead(baseBranch)
  if (!base) throw new BaseBranchDeleted(`the base branch ${baseBranch} of ${repo.fullName} is gone`)
  return { settings: read.settings, baseBranch, base }
}

async function fetchNow(store: Store, repo: RepositoryRow, control: BaseBranchReader): Promise<void> {
  await control.fetch()
  // What moved while the fetch was under way is counted beyond `remoteRevision`, and is fetched the next time.
  const fetchedRevision = sql`greatest(${repositories.fetchedRevision}, ${repo.remoteRevision})`
  await store.db.update(repositories).set({ fetchedRevision }).where(eq(repositories.id, repo.id))
}

/** Notes that branches of the repository have moved on the server. */
export async function markBaseMoved(tx: Tx, repositoryId: number): Promise<void> {
  await tx.db
    .update(repositories)
    .set({ remoteRevision: sql`${repositories.remoteRevision} + 1` })
    .where(eq(repositories.id, repositoryId))
}

async function settingsAt(control: BaseBranchReader, commit: string, lastGood: Settings): Promise<SettingsRead> {
  return settingsFromText(await control.readFile(commit, settingsPath), lastGood)
}

interface SettingsRead {
  settings: Settings
  settingsError: string | null
}

/**
 * What the text of a settings file means; the defaults when there is none.
 * @returns the last good settings and what is wrong when the text cannot be used.
 */
export function settingsFromText(text: string | undefined, lastGood: Settings): SettingsRead {
  if (text === undefined) return { settings: defaultSettings(), settingsError: null }
  try {
    return { settings: readSettings(text), settingsError: null }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { settings: lastGood, settingsError: error.toMarkdown() }
  }
}

/** The settings in force; the defaults until the repository's own were read. */
export function settingsOf(repo: RepositoryRow | undefined): Settings {
  return repo?.settings ?? defaultSettings()
}

/**
 * The system of a repository, made when there is none yet, and brought back when it was gone. A known one stays as it
 * is: a payload can be older than what we know.
 */
export async function ensureRepository(
  tx: Tx,
  known: RepositoryRow | undefined,
  repository: RepositoryIdentity,
): Promise<RepositoryRow> {
  if (known && known.state !== 'gone') return known
  return saveRepository(tx.db, repository)
}
