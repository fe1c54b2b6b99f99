/** Reading a repository's settings from its base branch, and keeping them up to date. */

import { eq, sql } from 'drizzle-orm'
import { loopFolder, loopNameOf, readLoopFile } from '../config/loop-settings.ts'
import { defaultSettings, otherSettingsPath, readSettings, type Settings, settingsPath } from '../config/settings.ts'
import { withPresentLabels } from '../domain/queue-labels.ts'
import { UserError } from '../lib/errors.ts'
import { notALoopFile, twoSettingsFiles } from '../messages/repositories.ts'
import type { Store } from './connect.ts'
import { followDefaultBranch } from './default-branch.ts'
import type { RepositoryRow } from './repositories.ts'
import { repositories } from './schema/repositories.ts'

/** The methods of a bare clone that are needed here. */
export interface BaseBranchReader {
  fetch(): Promise<void>
  remoteHead(branch: string): Promise<string | undefined>
  readFile(commit: string, path: string): Promise<string | undefined>
  /** The paths of all files in a folder of a commit, and below it; none where it is not there. */
  listFolder(commit: string, folder: string): Promise<string[]>
  /** The name of the server's default branch, asked now; undefined where it does not say. */
  defaultBranch(): Promise<string | undefined>
}

/** Thrown when the base branch does not exist any more. */
export class BaseBranchDeleted extends Error {
  override name = 'BaseBranchDeleted'
}

/**
 * Fetches after a push, and the first time. Reads the settings when the base branch has moved. A settings file that
 * cannot be used leaves the last good settings in force; `settingsError` then names the problem.
 * @returns the settings in force and the head of the base branch.
 * @throws {BaseBranchDeleted} when the base branch is not there.
 */
export async function refreshSettings(
  store: Store,
  stored: RepositoryRow,
  clone: BaseBranchReader,
): Promise<{ settings: Settings; baseBranch: string; base: string }> {
  const behind = stored.fetchedRevision < stored.remoteRevision
  if (behind) await fetchNow(store, stored, clone)
  // Our clone may not have heard of a branch that is there: it is fetched once before one is called gone.
  let fetched = behind
  const headOf = async (branch: string) => {
    const head = await clone.remoteHead(branch)
    if (head || fetched) return head
    fetched = true
    await fetchNow(store, stored, clone)
    return clone.remoteHead(branch)
  }
  const { repo, head } = await defaultHead(store, stored, { clone, headOf })
  const known = repo.settings ?? defaultSettings()
  const read =
    repo.settingsSha === head && repo.settings
      ? { settings: known, settingsError: repo.settingsError }
      : await settingsAt(clone, head, known)
  if (repo.settingsSha !== head || !repo.settings) {
    await store.db
      .update(repositories)
      .set({ ...read, settingsSha: head })
      .where(eq(repositories.id, repo.id))
    // Caps, modules and the like may differ now. Before the first settings the scheduler has used none.
    if (repo.settings) await store.queues.send({ queue: 'schedule' })
  }
  const baseBranch = read.settings.branches.base ?? repo.defaultBranch
  const base = baseBranch === repo.defaultBranch ? head : await headOf(baseBranch)
  if (!base) throw new BaseBranchDeleted(`the base branch ${baseBranch} of ${repo.fullName} is gone`)
  return { settings: withPresentLabels(read.settings, repo.queueLabels), baseBranch, base }
}

/** The head of the default branch. One that has got another name without an event is followed. */
async function defaultHead(
  store: Store,
  repo: RepositoryRow,
  { clone, headOf }: { clone: BaseBranchReader; headOf: (branch: string) => Promise<string | undefined> },
): Promise<{ repo: RepositoryRow; head: string }> {
  const head = await headOf(repo.defaultBranch)
  if (head) return { repo, head }
  const name = await clone.defaultBranch()
  const renamed = name && name !== repo.defaultBranch ? await headOf(name) : undefined
  if (!name || !renamed) throw new BaseBranchDeleted(`the branch ${repo.defaultBranch} of ${repo.fullName} is gone`)
  await store.transaction((tx) => followDefaultBranch(tx.db, repo, name, { gone: true }))
  return { repo: { ...repo, defaultBranch: name }, head: renamed }
}

async function fetchNow(store: Store, repo: RepositoryRow, clone: BaseBranchReader): Promise<void> {
  await clone.fetch()
  // A branch that moves during the fetch raises the stored `remoteRevision` further: it is fetched the next time.
  const fetchedRevision = sql`greatest(${repositories.fetchedRevision}, ${repo.remoteRevision})`
  await store.db.update(repositories).set({ fetchedRevision }).where(eq(repositories.id, repo.id))
}

async function settingsAt(clone: BaseBranchReader, commit: string, lastGood: Settings): Promise<SettingsRead> {
  const text = await clone.readFile(commit, settingsPath)
  const read = settingsFromText({ text, other: await clone.readFile(commit, otherSettingsPath) }, lastGood)
  const { loops, problems } = await loopsAt(clone, commit)
  const errors = [read.settingsError, ...problems].filter((problem) => problem !== null)
  return {
    // What the settings say about a loop is nearer at hand than a file of the same name.
    settings: { ...read.settings, loops: { ...loops, ...read.settings.loops } },
    settingsError: errors.length > 0 ? errors.join('\n\n') : null,
  }
}

/** The loops that have a file of their own. One that cannot be used takes none of the others with it. */
async function loopsAt(clone: BaseBranchReader, commit: string) {
  const loops: Settings['loops'] = {}
  const problems: string[] = []
  for (const path of await clone.listFolder(commit, loopFolder)) {
    const name = loopNameOf(path)
    if (!name) {
      problems.push(notALoopFile(path))
      continue
    }
    try {
      loops[name] = readLoopFile(path, (await clone.readFile(commit, path)) ?? '')
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      problems.push(error.toMarkdown())
    }
  }
  return { loops, problems }
}

interface SettingsRead {
  settings: Settings
  settingsError: string | null
}

/** The texts of the settings file and of its other name; undefined where there is none. */
interface SettingsFiles {
  text: string | undefined
  other: string | undefined
}

/**
 * Reads the text of a settings file; the defaults when there is none.
 * @returns the last good settings and the problem when the text cannot be used.
 */
export function settingsFromText({ text, other }: SettingsFiles, lastGood: Settings): SettingsRead {
  if (text === undefined && other === undefined) return { settings: defaultSettings(), settingsError: null }
  const path = text === undefined ? otherSettingsPath : settingsPath
  try {
    const settings = readSettings(text ?? other ?? '', path)
    const both = text !== undefined && other !== undefined
    return { settings, settingsError: both ? twoSettingsFiles(settingsPath, otherSettingsPath) : null }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    return { settings: lastGood, settingsError: error.toMarkdown() }
  }
}

/** The settings in force, with labels under their present names; the defaults until the repository's own are read. */
export function settingsOf(repo: Pick<RepositoryRow, 'settings' | 'queueLabels'> | undefined): Settings {
  return withPresentLabels(writtenSettings(repo), repo?.queueLabels ?? {})
}

/** The settings as they are written: labels have the names that the file gives them. */
export function writtenSettings(repo: Pick<RepositoryRow, 'settings'> | undefined): Settings {
  return { ...defaults, ...repo?.settings }
}

/** Settings that were stored before a section existed have its defaults. */
const defaults = defaultSettings()
