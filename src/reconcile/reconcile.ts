/**
 * Webhooks are hints. Here the facts are read from GitHub, at the start and on a timer. Whatever event was lost, the state
 * afterwards is the one that all events would have led to.
 */

import { withKeyedMutex } from '../db/keyed-mutex.ts'
import { getRepository, type RepositoryRow, saveRepository, servedRepositories } from '../db/repositories.ts'
import { currentTime } from '../lib/clock.ts'
import { counted } from '../lib/counted.ts'
import { noAccessToRepository } from '../messages/repositories.ts'
import { retireRepository } from '../work-items/on-repository-changed.ts'
import { withSettings } from '../work-items/refresh-settings.ts'
import type { Services } from '../work-items/services.ts'
import { reconcileBlockers } from './blockers.ts'
import { reconcileChecks } from './checks.ts'
import { type HandleComment, reconcileComments, settleMs } from './comments.ts'
import { reconcileIssues } from './issues.ts'
import { Problems } from './problems.ts'
import { reconcilePullRequests } from './pull-requests.ts'
import type { Repairs } from './repairs.ts'

/**
 * Compares every repository of the app with the database, and acts on the differences. Each step is taken alone: one
 * repository or issue that cannot be read does not keep the others from being compared. The one that was compared the
 * longest time ago comes first: a round that is ended by a pause or a restart leaves the others to the next one.
 * @param problems gets what failed; with a log of its own when not given.
 * @param begun when the round began that this one goes on with: what was compared since then is left out.
 * @returns what was corrected.
 * @throws {RetryAfter} while GitHub asks for a pause.
 */
export async function reconcile(
  services: Services & { handleComment: HandleComment },
  problems = new Problems(services.log),
  begun = currentTime(),
): Promise<Repairs> {
  const { store, log } = services
  const repairs: Repairs = []
  const step = async (name: string, work: () => Promise<Repairs>) =>
    void repairs.push(...((await problems.alone(name, work)) ?? []))
  await step('the list of installations', () => reconcileInstallations(services, problems))
  const waiting = (await servedRepositories(store.db)).filter((repo) => !wasComparedSince(repo, begun))
  for (const repo of waiting.toSorted(longestAgoFirst)) {
    await withKeyedMutex(store, String(repo.githubId), async () => {
      // Read under the mutex: an earlier event may have changed it, and with it the label that queues.
      const read = () => currentRepository(services, repo.id)
      const known = await problems.alone(`the settings of ${repo.fullName}`, read)
      if (!known || known.state === 'gone') return
      await step(`the issues of ${repo.fullName}`, () => reconcileIssues(services, known, problems))
      await step(`the pull requests of ${repo.fullName}`, () => reconcilePullRequests(services, known, problems))
      await step(`the checks of ${repo.fullName}`, async () => {
        await reconcileChecks(services, known)
        return []
      })
      // The last step: its time says that the repository was compared.
      await step(`the comments of ${repo.fullName}`, () => reconcileComments(services, known, problems))
    })
  }
  await step('blockers', () => reconcileBlockers(services, problems))
  if (repairs.length > 0) log.info({ repairs }, `${counted(repairs.length, 'thing')} had changed without an event`)
  return repairs
}

function wasComparedSince({ commentsReadAt }: RepositoryRow, time: Date): boolean {
  return commentsReadAt !== null && commentsReadAt.getTime() + settleMs > time.getTime()
}

function longestAgoFirst(one: RepositoryRow, other: RepositoryRow): number {
  return (one.commentsReadAt?.getTime() ?? 0) - (other.commentsReadAt?.getTime() ?? 0)
}

async function currentRepository(services: Services, id: number): Promise<RepositoryRow | undefined> {
  const known = await getRepository(services.store.db, id)
  return known && withSettings(services, known)
}

async function reconcileInstallations({ store, github }: Services, problems: Problems): Promise<Repairs> {
  const askedAt = currentTime()
  const { repositories: installed, unread } = await github.installedRepositories()
  for (const { installationId, error } of unread)
    problems.note(`the repositories of installation ${installationId}`, error)
  const before = await servedRepositories(store.db)
  const known = new Map(before.map((repo) => [repo.githubId, repo]))
  for (const repository of installed) await saveRepository(store.db, repository)
  const ids = new Set(installed.map((repository) => repository.githubId))
  const unknown = new Set(unread.map(({ installationId }) => installationId))
  // A webhook may have added one while GitHub answered: it is not in the answer. Of an unread one nothing is known.
  const lost = before.filter(
    (repo) => !ids.has(repo.githubId) && !unknown.has(repo.installationId) && repo.createdAt < askedAt,
  )
  for (const repo of lost) await retireRepository({ store }, repo, noAccessToRepository)
  const added = installed.filter((repository) => !known.has(repository.githubId))
  return [
    ...added.map((repository) => `${repository.fullName} was added`),
    ...lost.map((repo) => `${repo.fullName} is gone`),
  ]
}
