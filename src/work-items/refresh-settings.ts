/** Settings that decide what words mean: which label queues, and how commands begin. */

import { eq } from 'drizzle-orm'
import { defaultSettings, settingsPath } from '../config/settings.ts'
import { hasKey, releaseKey } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsFromText } from '../db/repository-settings.ts'
import { repositories } from '../db/schema/repositories.ts'
import type { Services } from './services.ts'

/** The key that says "a push has changed the settings file since it was read". */
export const settingsChanged = (repositoryId: number) => `settings-changed:${repositoryId}`

/**
 * Has the settings read that a label or a command is about to be understood by: one call to GitHub when they were never
 * read, or were changed since. Without the clone, since a repository where nobody has asked for work has none.
 * @param known undefined for a repository that nothing is known of yet: its settings are read when work is asked for.
 * @returns the system with the settings in force.
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
  const text = await services.github.repository(known).file(settingsPath)
  return store.transaction(async (tx) => {
    await releaseKey(tx, settingsChanged(known.id))
    const read = settingsFromText(text, known.settings ?? defaultSettings())
    const [row] = await tx.db.update(repositories).set(read).where(eq(repositories.id, known.id)).returning()
    // Caps, modules and the like may be others now.
    await tx.enqueue({ queue: 'schedule' })
    return row ?? known
  })
}
