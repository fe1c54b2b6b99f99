/** Pushes, dependencies, and the repositories themselves. */

import { eq } from 'drizzle-orm'
import { followDefaultBranch } from '../db/default-branch.ts'
import { changeNativeEdge, removeEdge, renameInEdges, setDependencies } from '../db/dependencies.ts'
import { claimKey } from '../db/idempotency-keys.ts'
import { hasOpenPulls, openPullRows } from '../db/pull-requests.ts'
import {
  markBaseMoved,
  type RepositoryRow,
  repositoryByGithubId,
  saveRepository,
  servedRepositories,
} from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { noteReverts } from '../db/reverts.ts'
import { repositories } from '../db/schema/repositories.ts'
import { workItems } from '../db/schema/work-items.ts'
import { itemOfBranch, itemOfIssue, unfinishedItemsOf } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { BranchPushed, DependencyChanged, RepositoriesRemoved, RepositoryChanged } from '../domain/events.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { currentMs } from '../lib/clock.ts'
import { counted } from '../lib/counted.ts'
import * as messages from '../messages/repositories.ts'
import { settingsChanged } from './refresh-settings.ts'
import type { Services } from './services.ts'
import { setItemAside } from './set-aside.ts'

/** A base branch has moved, and our clone is behind; or it was deleted, and items that were to be merged into it wait. */
export async function onBranchPushed(services: Services, event: BranchPushed): Promise<EventOutcome> {
  const repo = await repositoryByGithubId(services.store.db, event.repository.githubId)
  if (!repo || repo.state === 'gone') return ignored('the repository is not worked on')
  if (event.head === null) return branchDeleted(services, repo, event)
  if (event.reverts.length > 0) await pushReverts(services, repo, event)
  const bases = [repo.defaultBranch, settingsOf(repo).branches.base]
  if (!bases.includes(event.branch)) return moduleBranchPushed(services, repo, event)
  await services.store.transaction(async (tx) => {
    await markBaseMoved(tx, repo.id)
    // Pull requests of this base may conflict with it now.
    if (await hasOpenPulls(tx.db, repo.id, event.branch))
      await tx.enqueue({ queue: 'find-conflicts', repositoryId: repo.id })
    if (event.settings && event.branch === repo.defaultBranch) await claimKey(tx, settingsChanged(repo.id))
  })
  return done('the base branch moved; fetched before it is used')
}

async function pushReverts({ store }: Services, repo: RepositoryRow, event: BranchPushed): Promise<void> {
  const { branch, reverts, sender } = event
  await store.transaction((tx) => noteReverts(tx, { repositoryId: repo.id, branch, actor: sender.login, reverts }))
}

/** It may conflict with the others that are open now. Alone, there is nothing to compare it with. */
async function moduleBranchPushed(
  { store }: Services,
  repo: RepositoryRow,
  event: BranchPushed,
): Promise<EventOutcome> {
  if (!(await itemOfBranch(store.db, repo.id, event.branch))) return ignored('not a base branch')
  const open = await openPullRows(store.db, repo.id)
  if (open.length < 2) return ignored('the only open branch of ours')
  // The pull request of a first push is noted a moment later.
  await store.queues.send({ queue: 'find-conflicts', repositoryId: repo.id }, { after: new Date(currentMs() + noteMs) })
  return done('a branch of ours moved; compared with the other ones')
}

const noteMs = 2_000

/**
 * GitHub does not delete a default branch: it has another name now, which this event or the next one says. A pull request
 * whose base is gone was closed or points elsewhere: its own event says which, and its item is left to that.
 */
async function branchDeleted(services: Services, repo: RepositoryRow, event: BranchPushed): Promise<EventOutcome> {
  return services.store.transaction(async (tx) => {
    const { defaultBranch } = event.repository
    if (event.branch === repo.defaultBranch) {
      if (defaultBranch === event.branch) await markBaseMoved(tx, repo.id)
      else await followDefaultBranch(tx.db, repo, defaultBranch)
      return done('the default branch has another name')
    }
    const open = new Set((await openPullRows(tx.db, repo.id)).map((pull) => pull.workItemId))
    const items = (await unfinishedItemsOf(tx.db, repo.id)).filter(
      (item) => item.baseBranch === event.branch && !open.has(item.id),
    )
    if (items.length === 0) return ignored('nothing goes to that branch')
    await markBaseMoved(tx, repo.id)
    const why = messages.baseBranchWasDeleted(event.branch)
    for (const item of items) await setItemAside(tx, item, 'held', { actor: event.sender.login, why })
    return done(`the base branch is gone; ${items.length} held`)
  })
}

/** GitHub's own "blocked by" was changed. The whole list is read, since two changes may come in any order. */
export async function onDependencyChanged(services: Services, event: DependencyChanged): Promise<EventOutcome> {
  const repo = await repositoryByGithubId(services.store.db, event.repository.githubId)
  const item = repo && (await itemOfIssue(services.store.db, repo.id, event.issueNumber))
  if (!repo || !item || isTerminal(item)) return ignored('nothing is under way')
  const named = await services.github.repository(repo).blockedBy(event.issueNumber)
  const { blocker, change } = event
  await services.store.transaction(async (tx) => {
    // The count of an older payload is out of date: triage must not rely on it.
    await tx.db.update(workItems).set({ nativeBlockers: null }).where(eq(workItems.id, item.id))
    if (named) {
      const edges = named.map((edge) => ({
        repository: edge.repository.toLowerCase(),
        issueNumber: edge.number,
        blocker: edge.state,
      }))
      await setDependencies(tx, item, 'native', edges)
    } else {
      const edge = { repository: blocker.repository, issueNumber: blocker.issueNumber, blocker: blocker.state }
      await changeNativeEdge(tx, item.id, change, edge)
    }
    // A person who removes a link of `/depends` removes the dependency as well.
    const isThere = named?.some((one) => one.repository === blocker.repository && one.number === blocker.issueNumber)
    if (change === 'removed' && !isThere) await removeEdge(tx, item.id, 'command', blocker)
    await tx.enqueue({ queue: 'schedule' })
  })
  return done(`a dependency was ${change}`)
}

/** A repository has another name, visibility or default branch. */
export async function onRepositoryChanged(services: Services, event: RepositoryChanged): Promise<EventOutcome> {
  const { repository, before } = event
  return services.store.transaction(async (tx) => {
    if (before) await renameInEdges(tx, before, repository.fullName)
    const known = await repositoryByGithubId(tx.db, repository.githubId)
    if (!known) return ignored('nothing is known of this repository')
    await saveRepository(tx.db, { ...repository, installationId: repository.installationId || known.installationId })
    return done(before ? `renamed from ${before}` : 'the repository was changed')
  })
}

/** The app has lost access to repositories: agents are stopped, nothing is tried again. */
export async function onRepositoriesRemoved(services: Services, event: RepositoriesRemoved): Promise<EventOutcome> {
  const { which, why } = event
  const live = await servedRepositories(services.store.db)
  const lost = live.filter((repo) =>
    'installationId' in which ? repo.installationId === which.installationId : which.githubIds.includes(repo.githubId),
  )
  for (const repo of lost) await retireRepository(services, repo, why)
  return lost.length > 0
    ? done(`${counted(lost.length, 'repository', 'repositories')} gone`)
    : ignored('nothing is known of them')
}

/** Stops all work on a repository. Its items are held, since another attempt would fail as well. */
export async function retireRepository(
  services: Pick<Services, 'store'>,
  repo: RepositoryRow,
  why: string,
): Promise<void> {
  await services.store.transaction(async (tx) => {
    await tx.db.update(repositories).set({ state: 'gone' }).where(eq(repositories.id, repo.id))
    for (const item of await unfinishedItemsOf(tx.db, repo.id)) {
      await setItemAside(tx, item, 'held', { actor: 'github', why: messages.repositoryGone(why) })
    }
  })
}

/** The app has access to more repositories. GitHub lists them; known ones are updated. */
export async function onRepositoriesAdded(services: Pick<Services, 'store' | 'github'>): Promise<EventOutcome> {
  const { repositories: installed, unread } = await services.github.installedRepositories()
  for (const repository of installed) await saveRepository(services.store.db, repository)
  // It may be the one that this is about.
  if (unread[0]) throw unread[0].error
  return done(`${counted(installed.length, 'repository', 'repositories')} installed`)
}
