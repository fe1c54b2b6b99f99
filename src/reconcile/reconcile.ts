/**
 * Webhooks are hints: what they would have told is looked up here, at start and on a timer. Whatever was lost, the
 * state afterwards is the one that all events would have led to.
 */

import { findNotYet } from '../db/queues.ts'
import { getSystem, liveSystems, saveSystem } from '../db/work-items.ts'
import type { IntakeParts } from '../webhooks/handlers/context.ts'
import { retire } from '../webhooks/handlers/repository.ts'
import { inTurn } from '../webhooks/keyed-mutex.ts'
import { withSettings } from '../work-items/refresh-settings.ts'
import { reconcileBlockers } from './blockers.ts'
import { reconcileIssues } from './issues.ts'
import { reconcilePulls } from './pull-requests.ts'

/** What was found and mended, one line each. */
export type Mended = string[]

/**
 * Compares every repository the app is installed on with what we know, and acts on the differences.
 * @returns what was mended. A repository that could not be looked at is logged and left for the next time.
 * @throws what GitHub answers to the question where the app is installed; {NotYet} while it asks for a pause.
 */
export async function reconcile(parts: IntakeParts): Promise<Mended> {
  const { store, log } = parts
  const mended = await reconcileInstallations(parts)
  for (const system of await liveSystems(store.db)) {
    try {
      mended.push(...(await inTurn(store, String(system.repositoryId), () => reconcileSystem(parts, system.id))))
    } catch (error) {
      const notYet = findNotYet(error)
      if (notYet) throw notYet
      log.warn({ err: error, repository: system.fullName }, 'a repository could not be compared with GitHub')
    }
  }
  mended.push(...(await reconcileBlockers(parts)))
  if (mended.length > 0) log.info({ mended }, `${mended.length} things had changed unheard`)
  return mended
}

async function reconcileInstallations({ store, github }: IntakeParts): Promise<Mended> {
  const askedAt = new Date()
  const installed = await github.installedRepositories()
  const before = await liveSystems(store.db)
  const known = new Map(before.map((system) => [system.repositoryId, system]))
  for (const repository of installed) await saveSystem(store.db, repository)
  const ids = new Set(installed.map((repository) => repository.repositoryId))
  // One that a webhook told of while we asked is not in the answer.
  const lost = before.filter((system) => !ids.has(system.repositoryId) && system.createdAt < askedAt)
  for (const system of lost) await retire({ store }, system, 'The app has no access to this repository any more.')
  const added = installed.filter((repository) => !known.has(repository.repositoryId))
  return [
    ...added.map((repository) => `${repository.fullName} was added`),
    ...lost.map((system) => `${system.fullName} is gone`),
  ]
}

async function reconcileSystem(parts: IntakeParts, id: number): Promise<Mended> {
  // Read in our turn: an event before us may have changed it, and with it which label queues.
  const known = await getSystem(parts.store.db, id)
  const system = known && (await withSettings(parts, known))
  if (!system || system.state === 'gone') return []
  return [...(await reconcileIssues(parts, system)), ...(await reconcilePulls(parts, system))]
}
