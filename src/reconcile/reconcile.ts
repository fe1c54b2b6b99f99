/**
 * Webhooks are hints: what they would have told is looked up here, at start and on a timer. Whatever was lost, the
 * state afterwards is the one that all events would have led to.
 */

import { withKeyedMutex } from '../db/keyed-mutex.ts'
import { getRepository, saveRepository, servedRepositories } from '../db/repositories.ts'
import { findRetryAfter } from '../lib/errors.ts'
import { retireRepository } from '../work-items/on-repository-changed.ts'
import { withSettings } from '../work-items/refresh-settings.ts'
import type { Services } from '../work-items/services.ts'
import { reconcileBlockers } from './blockers.ts'
import { reconcileChecks } from './checks.ts'
import { reconcileIssues } from './issues.ts'
import type { Repairs } from './mended.ts'
import { reconcilePullRequests } from './pull-requests.ts'

/**
 * Compares every repository the app is installed on with what we know, and acts on the differences.
 * @returns what was mended. A repository that could not be looked at is logged and left for the next time.
 * @throws what GitHub answers to the question where the app is installed; {RetryAfter} while it asks for a pause.
 */
export async function reconcile(services: Services): Promise<Repairs> {
  const { store, log } = services
  const mended = await reconcileInstallations(services)
  for (const repo of await servedRepositories(store.db)) {
    try {
      mended.push(...(await withKeyedMutex(store, String(repo.githubId), () => reconcileSystem(services, repo.id))))
    } catch (error) {
      const retryAfter = findRetryAfter(error)
      if (retryAfter) throw retryAfter
      log.warn({ err: error, repository: repo.fullName }, 'a repository could not be compared with GitHub')
    }
  }
  mended.push(...(await reconcileBlockers(services)))
  if (mended.length > 0) log.info({ mended }, `${mended.length} things had changed unheard`)
  return mended
}

async function reconcileInstallations({ store, github }: Services): Promise<Repairs> {
  const askedAt = new Date()
  const installed = await github.installedRepositories()
  const before = await servedRepositories(store.db)
  const known = new Map(before.map((repo) => [repo.githubId, repo]))
  for (const repository of installed) await saveRepository(store.db, repository)
  const ids = new Set(installed.map((repository) => repository.githubId))
  // One that a webhook told of while we asked is not in the answer.
  const lost = before.filter((repo) => !ids.has(repo.githubId) && repo.createdAt < askedAt)
  for (const repo of lost) await retireRepository({ store }, repo, 'The app has no access to this repository any more.')
  const added = installed.filter((repository) => !known.has(repository.githubId))
  return [
    ...added.map((repository) => `${repository.fullName} was added`),
    ...lost.map((repo) => `${repo.fullName} is gone`),
  ]
}

async function reconcileSystem(services: Services, id: number): Promise<Repairs> {
  // Read in our turn: an event before us may have changed it, and with it which label queues.
  const known = await getRepository(services.store.db, id)
  const repo = known && (await withSettings(services, known))
  if (!repo || repo.state === 'gone') return []
  const repairs = [...(await reconcileIssues(services, repo)), ...(await reconcilePullRequests(services, repo))]
  await reconcileChecks(services, repo)
  return repairs
}
