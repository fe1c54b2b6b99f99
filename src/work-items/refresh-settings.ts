/** Settings that labels and commands depend on: which label queues an issue, and the prefix of commands. */

import { eq } from 'drizzle-orm'
import { defaultSettings, otherSettingsPath, settingsPath } from '../config/settings.ts'
import { hasKey, releaseKey } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsFromText } from '../db/repository-settings.ts'
import { repositories } from '../db/schema/repositories.ts'
import type { Services } from './services.ts'

/** The key for "a push has changed the settings file since it was read". */
export const settingsChanged = (repositoryId: number) => `settings-changed:${repositoryId}`

/**
 * Reads the settings before a label or a command is interpreted: one call to GitHub when they were never read, or were
 * changed since. It does not use the clone, since a repository without work so far has none.
 * @param known undefined for a repository that is not stored yet: its settings are read when work is queued.
 * @returns the repository with the settings in force.
 * @throws when GitHub does not answer; the delivery is tried again.
 */
export async function withSettings(services: Services, known: RepositoryRow): Promise<RepositoryRow>
export async function withSettings(
  services: Services,
  known: RepositoryRow | undefined,
): Promise<RepositoryRow | undefined>
export async function withSettings(
  services: Services,
  known: RepositoryRow | undefined,
): Promise<RepositoryRow | undefined> {
  const { store } = services
  if (!known || known.state === 'gone') return known
  if (known.settings && !(await hasKey(store.db, settingsChanged(known.id)))) return known
  const github = services.github.repository(known)
  const text = await github.file(settingsPath)
  // Where both are there, the clone will show it: one call is enough here.
  const other = text === undefined ? await github.file(otherSettingsPath) : undefined
  return store.transaction(async (tx) => {
    await releaseKey(tx, settingsChanged(known.id))
    const read = settingsFromText({ text, other }, known.settings ?? defaultSettings())
    const [row] = await tx.db.update(repositories).set(read).where(eq(repositories.id, known.id)).returning()
    // Limits and modules may have changed.
    await tx.enqueue({ queue: 'schedule' })
    return row ?? known
  })
}
