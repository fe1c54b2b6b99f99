/**
 * Webhooks are hints. Here the facts are read from GitHub, at the start and on a timer. Whatever event was lost, the state
 * afterwards is the one that all events would have led to.
 */

import { withKeyedMutex } from '../db/keyed-mutex.ts'
import { getRepository, saveRepository, servedRepositories } from '../db/repositories.ts'
import { findRetryAfter } from '../lib/errors.ts'
import { noAccessToRepository } from '../messages/repositories.ts'
import { retireRepository } from '../work-items/on-repository-changed.ts'
import { withSettings } from '../work-items/refresh-settings.ts'
import type { Services } from '../work-items/services.ts'
import { reconcileBlockers } from './blockers.ts'
import { reconcileChecks } from './checks.ts'
import { reconcileIssues } from './issues.ts'
import { reconcilePullRequests } from './pull-requests.ts'
import type { Repairs } from './repairs.ts'

/**
 * Compares every repository of the app with the database, and acts on the differences.
 * @returns what was corrected. A repository that could not be read is logged and left for the next time.
 * @throws the error of GitHub's list of installations; {RetryAfter} while GitHub asks for a pause.
 */
export async function reconcile(services: Services): Promise<Repairs> {
  const { store, log } = services
  const repairs = await reconcileInstallations(services)
  for (const repo of await servedRepositories(store.db)) {
    try {
      repairs.push(
        ...(await withKeyedMutex(store, String(repo.githubId), () => reconcileRepository(services, repo.id))),
      )
    } catch (error) {
      const retryAfter = findRetryAfter(error)
      if (retryAfter) throw retryAfter
      log.warn({ err: error, repository: repo.fullName }, 'a repository could not be compared with GitHub')
    }
  }
  repairs.push(...(await reconcileBlockers(services)))
  if (repairs.length > 0) log.info({ repairs }, `${repairs.length} things had changed without an event`)
  return repairs
}

async function reconcileInstallations({ store, github }: Services): Promise<Repairs> {
  const askedAt = new Date()
  const installed = await github.installedRepositories()
  const before = await servedRepositories(store.db)
  const known = new Map(before.map((repo) => [repo.githubId, repo]))
  for (const repository of installed) await saveRepository(store.db, repository)
  const ids = new Set(installed.map((repository) => repository.githubId))
  // A webhook may have added one while GitHub answered: it is not in the answer.
  const lost = before.filter((repo) => !ids.has(repo.githubId) && repo.createdAt < askedAt)
  for (const repo of lost) await retireRepository({ store }, repo, noAccessToRepository)
  const added = installed.filter((repository) => !known.has(repository.githubId))
  return [
    ...added.map((repository) => `${repository.fullName} was added`),
    ...lost.map((repo) => `${repo.fullName} is gone`),
  ]
}

async function reconcileRepository(services: Services, id: number): Promise<Repairs> {
  // Read under the mutex: an earlier event may have changed it, and with it the label that queues.
  const known = await getRepository(services.store.db, id)
  const repo = known && (await withSettings(services, known))
  if (!repo || repo.state === 'gone') return []
  const repairs = [...(await reconcileIssues(services, repo)), ...(await reconcilePullRequests(services, repo))]
  await reconcileChecks(services, repo)
  return repairs
}
