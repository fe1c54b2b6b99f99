/** Issues that items wait for, and whose closing nobody told us of. They can be in any repository. */

import { NotFound } from '../github/types.ts'
import { getItem, getSystem, noteBlocker, openDependencies, systemOfName } from '../store/items.ts'
import type { IntakeParts } from './act/parts.ts'
import type { Mended } from './reconcile.ts'

/** Asks after every issue that something still waits for, each once. */
export async function reconcileBlockers(parts: IntakeParts): Promise<Mended> {
  const { store, github, log } = parts
  const edges = (await openDependencies(store.db)).filter((edge) => edge.blocker === 'open')
  const asked = new Set<string>()
  const mended: Mended = []
  for (const { repository, issueNumber, dependentId } of edges) {
    const name = `${repository}#${issueNumber}`
    if (asked.has(name)) continue
    asked.add(name)
    const own = await systemOfName(store.db, repository)
    const dependent = await getItem(store.db, dependentId)
    const from = dependent && (await getSystem(store.db, dependent.systemId))
    if (!from || from.state === 'gone' || own?.state === 'gone') continue
    const where = own ?? { fullName: repository, installationId: from.installationId }
    try {
      const { state } = await github.repository(where).issue(issueNumber)
      if (state === 'open') continue
      await store.transaction((tx) => noteBlocker(tx, repository, issueNumber, 'closed'))
      mended.push(`${name} was closed`)
    } catch (error) {
      if (!(error instanceof NotFound)) throw error
      log.warn({ issue: name }, 'an issue that something waits for cannot be seen')
    }
  }
  return mended
}
