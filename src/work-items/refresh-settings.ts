/** Settings that decide what words mean: which label queues, and how commands begin. */

import { eq } from 'drizzle-orm'
import { defaultSettings, settingsPath } from '../config/settings.ts'
import { forget, wasHandled } from '../db/idempotency-keys.ts'
import { settingsIn } from '../db/repositories.ts'
import { systems } from '../db/schema/core.ts'
import type { SystemRow } from '../db/work-items.ts'
import type { Services } from './services.ts'

/** The key that says "a push has changed the settings file since it was read". */
export const settingsChanged = (systemId: number) => `settings-changed:${systemId}`

/**
 * Has the settings read that a label or a command is about to be understood by: one call to GitHub when they were never
 * read, or were changed since. Without the clone, since a repository where nobody has asked for work has none.
 * @param known undefined for a repository that nothing is known of yet: its settings are read when work is asked for.
 * @returns the system with the settings in force.
 * @throws when GitHub does not answer; the delivery is tried again.
 */
export async function withSettings(parts: Services, known: SystemRow): Promise<SystemRow>
export async function withSettings(parts: Services, known: SystemRow | undefined): Promise<SystemRow | undefined>
export async function withSettings(parts: Services, known: SystemRow | undefined): Promise<SystemRow | undefined> {
  const { store } = parts
  if (!known || known.state === 'gone') return known
  if (known.settings && !(await wasHandled(store.db, settingsChanged(known.id)))) return known
  const text = await parts.github.repository(known).file(settingsPath)
  return store.transaction(async (tx) => {
    await forget(tx, settingsChanged(known.id))
    const read = settingsIn(text, known.settings ?? defaultSettings())
    const [row] = await tx.db.update(systems).set(read).where(eq(systems.id, known.id)).returning()
    // Caps, modules and the like may be others now.
    await tx.enqueue({ queue: 'schedule' })
    return row ?? known
  })
}
