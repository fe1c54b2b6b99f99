/** Keeping a system's view of its repository fresh: the base branch, and the settings on it. */

import { eq, sql } from 'drizzle-orm'
import { defaultSettings, readSettings, type Settings, settingsPath } from '../config/settings.ts'
import type { RepositoryFacts } from '../domain/events.ts'
import { UserError } from '../lib/errors.ts'
import type { Store, Tx } from './connect.ts'
import { systems } from './schema/core.ts'
import { type SystemRow, saveSystem } from './work-items.ts'

/** The parts of a control repository that are needed here. */
export interface BaseReader {
  fetch(): Promise<void>
  remoteHead(branch: string): Promise<string | undefined>
  readFile(commit: string, path: string): Promise<string | undefined>
}

/** Thrown when the base branch does not exist any more. */
export class BaseGone extends Error {
  override name = 'BaseGone'
}

/**
 * Fetches when a push has told us to (or nothing was fetched yet), and reads the settings when the base has moved.
 * A settings file that cannot be used leaves the last good settings in force and says so in `settingsError`.
 * @returns the settings in force and the head of the base branch.
 * @throws {BaseGone} when the base branch is not there.
 */
export async function freshen(
  store: Store,
  system: SystemRow,
  control: BaseReader,
): Promise<{ settings: Settings; baseBranch: string; base: string }> {
  if (system.fetched < system.moves) await fetchNow(store, system, control)
  const known = system.settings ?? defaultSettings()
  const trunk = await control.remoteHead(system.defaultBranch)
  if (!trunk) throw new BaseGone(`the branch ${system.defaultBranch} of ${system.fullName} is gone`)
  const read =
    system.settingsSha === trunk && system.settings
      ? { settings: known, settingsError: system.settingsError }
      : await settingsAt(control, trunk, known)
  if (system.settingsSha !== trunk || !system.settings) {
    await store.db
      .update(systems)
      .set({ ...read, settingsSha: trunk })
      .where(eq(systems.id, system.id))
    // Caps, modules and the like may be others now. Before the first settings nothing was decided by them.
    if (system.settings) await store.queues.send({ queue: 'schedule' })
  }
  const baseBranch = read.settings.branches.base ?? system.defaultBranch
  const base = baseBranch === system.defaultBranch ? trunk : await control.remoteHead(baseBranch)
  if (!base) throw new BaseGone(`the base branch ${baseBranch} of ${system.fullName} is gone`)
  return { settings: read.settings, baseBranch, base }
}

async function fetchNow(store: Store, system: SystemRow, control: BaseReader): Promise<void> {
  await control.fetch()
  // What moved while the fetch was under way is counted beyond `system.moves`, and is fetched the next time.
  const fetched = sql`greatest(${systems.fetched}, ${system.moves})`
  await store.db.update(systems).set({ fetched }).where(eq(systems.id, system.id))
}

/** Notes that branches of the repository have moved on the server. */
export async function noteMove(tx: Tx, systemId: number): Promise<void> {
  await tx.db
    .update(systems)
    .set({ moves: sql`${systems.moves} + 1` })
    .where(eq(systems.id, systemId))
}

async function settingsAt(control: BaseReader, commit: string, lastGood: Settings): Promise<SettingsRead> {
  return settingsIn(await control.readFile(commit, settingsPath), lastGood)
}

interface SettingsRead {
  settings: Settings
  settingsError: string | null
}

/**
 * What the text of a settings file means; the defaults when there is none.
 * @returns the last good settings and what is wrong when the text cannot be used.
 */
export function settingsIn(text: string | undefined, lastGood: Settings): SettingsRead {
  if (text === undefined) return { settings: defaultSettings(), settingsError: null }
  try {
    return { settings: readSettings(text), settingsError: null }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { settings: lastGood, settingsError: error.toMarkdown() }
  }
}

/** The settings in force; the defaults until the repository's own were read. */
export function settingsOf(system: SystemRow | undefined): Settings {
  return system?.settings ?? defaultSettings()
}

/**
 * The system of a repository, made when there is none yet, and brought back when it was gone. A known one stays as it
 * is: a payload can be older than what we know.
 */
export async function ensureSystem(
  tx: Tx,
  known: SystemRow | undefined,
  repository: RepositoryFacts,
): Promise<SystemRow> {
  if (known && known.state !== 'gone') return known
  return saveSystem(tx.db, repository)
}
