/**
 * Webhooks are hints: what they would have told is looked up here, at start and on a timer. Whatever was lost, the
 * state afterwards is the one that all events would have led to.
 */

import { inTurn } from '../db/keyed-mutex.ts'
import { getSystem, liveSystems, saveSystem } from '../db/work-items.ts'
import { findRetryAfter } from '../lib/errors.ts'
import { retire } from '../work-items/on-repository-changed.ts'
import { withSettings } from '../work-items/refresh-settings.ts'
import type { Services } from '../work-items/services.ts'
import { reconcileBlockers } from './blockers.ts'
import { reconcileIssues } from './issues.ts'
import type { Mended } from './mended.ts'
import { reconcilePulls } from './pull-requests.ts'

/**
 * Compares every repository the app is installed on with what we know, and acts on the differences.
 * @returns what was mended. A repository that could not be looked at is logged and left for the next time.
 * @throws what GitHub answers to the question where the app is installed; {RetryAfter} while it asks for a pause.
 */
export async function reconcile(parts: Services): Promise<Mended> {
  const { store, log } = parts
  const mended = await reconcileInstallations(parts)
  for (const system of await liveSystems(store.db)) {
    try {
      mended.push(...(await inTurn(store, String(system.repositoryId), () => reconcileSystem(parts, system.id))))
    } catch (error) {
      const retryAfter = findRetryAfter(error)
      if (retryAfter) throw retryAfter
      log.warn({ err: error, repository: system.fullName }, 'a repository could not be compared with GitHub')
    }
  }
  mended.push(...(await reconcileBlockers(parts)))
  if (mended.length > 0) log.info({ mended }, `${mended.length} things had changed unheard`)
  return mended
}

async function reconcileInstallations({ store, github }: Services): Promise<Mended> {
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

async function reconcileSystem(parts: Services, id: number): Promise<Mended> {
  // Read in our turn: an event before us may have changed it, and with it which label queues.
  const known = await getSystem(parts.store.db, id)
  const system = known && (await withSettings(parts, known))
  if (!system || system.state === 'gone') return []
  return [...(await reconcileIssues(parts, system)), ...(await reconcilePulls(parts, system))]
}
