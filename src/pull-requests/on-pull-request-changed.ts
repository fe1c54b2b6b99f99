/** A pull request was closed, merged, opened again, pointed elsewhere, or its branch has moved. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { isBlocker, setBlockerState } from '../db/dependencies.ts'
import { lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import { type PullRow, pullByNumber, savePull } from '../db/pull-requests.ts'
import { type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { cancelMergeRequest, voidApprovals } from '../db/reviews.ts'
import { addPersonRun, requestStop } from '../db/runs.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, itemOfBranch, lockItem, transition } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PullRequestChanged, PullRequestSnapshot } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import * as messages from '../messages/webhooks.ts'
import { issueSubject } from '../work-items/issue-snapshot.ts'
import type { Services } from '../work-items/services.ts'
import { setItemAside } from '../work-items/set-aside.ts'
import { markMerged } from './mark-merged.ts'

/** A pull request as it is, and why we look at it. */
export interface ObservedPullRequest {
  repo: RepositoryRow
  pull: PullRequestSnapshot
  sender: Actor
  at: Date | null
}

const subjectOf = (repositoryId: number, number: number) => `pull:${repositoryId}#${number}`

/** Acts on `pull_request` closed, reopened, synchronize and edited (its base). */
export async function onPullRequestChanged(services: Services, event: PullRequestChanged): Promise<EventOutcome> {
  const told = await blockerMoved(services, event)
  const outcome = await ourPullMoved(services, event)
  return outcome.state === 'ignored' && told ? done('those that wait for it are told') : outcome
}

/**
 * `Depends on #5` may name any pull request. Closed is closed, with or without a merge, as it is for issues.
 * @returns whether something waits for it.
 */
async function blockerMoved(services: Services, { repository, pull, how, at }: PullRequestChanged): Promise<boolean> {
  const { db } = services.store
  if (how !== 'closed' && how !== 'reopened') return false
  if (!(await isBlocker(db, repository.fullName, pull.number))) return false
  const subject = issueSubject(repository.githubId, pull.number)
  const newest = await lastEventTime(db, subject)
  const isNewest = !at || !newest || newest < at
  // Something as new was heard already: what the payload shows may be over.
  const { state } = isNewest ? pull : await services.github.repository(repository).pull(pull.number)
  await services.store.transaction(async (tx) => {
    if (at) await recordEventTime(tx, subject, at)
    await setBlockerState(tx, repository.fullName, pull.number, state)
  })
  return true
}

async function ourPullMoved(services: Services, event: PullRequestChanged): Promise<EventOutcome> {
  const { db } = services.store
  const repo = await repositoryByGithubId(db, event.repository.githubId)
  if (!repo || repo.state === 'gone') return ignored('the repository is not worked on')
  const seen = { repo, pull: event.pull, sender: event.sender, at: event.at }
  const newest = await lastEventTime(db, subjectOf(repo.id, event.pull.number))
  if (!event.at || !newest || newest < event.at) return syncPullRequest(services, seen)
  // Something as new was heard already: what the payload shows may be over.
  if (!(await pullByNumber(db, repo.id, event.pull.number))) return ignored('not a pull request of ours')
  return syncPullRequest(services, { ...seen, pull: await services.github.repository(repo).pull(event.pull.number) })
}

/** Brings a pull request and its item into line with the facts. Webhooks and the reconcile both end here. */
export async function syncPullRequest(services: Services, seen: ObservedPullRequest): Promise<EventOutcome> {
  const { repo, pull, sender, at } = seen
  return services.store.transaction(async (tx) => {
    const row = await ourPullRequest(tx, services, repo, pull)
    const item = row && (await lockItem(tx, row.workItemId))
    if (!row || !item) return ignored('not a pull request of ours')
    if (at) await recordEventTime(tx, subjectOf(repo.id, pull.number), at)
    if (row.state === 'merged') return ignored('it is merged, and that was known')
    if (pull.merged) {
      // What was merged is its head, also when the last push was not heard of: the branch is tidied by it.
      if (row.headSha !== pull.headSha) await saveHead(tx, row, pull)
      await markMerged(tx, { pullRequestId: row.id, mergedSha: pull.mergeCommitSha, by: sender.login })
      return done('merged')
    }
    if (pull.state === 'closed') return closed(services, tx, row, item, sender)
    return open(services, tx, row, item, seen)
  })
}

/**
 * The row of a pull request. One that we opened a moment ago may be told of here before its opening was noted: it is
 * known by its branch then.
 */
export async function ourPullRequest(
  tx: Tx,
  services: Pick<Services, 'github'>,
  repo: RepositoryRow,
  pull: PullRequestSnapshot,
): Promise<PullRow | undefined> {
  const known = await pullByNumber(tx.db, repo.id, pull.number)
  if (known) return known
  const here = pull.headRepository?.toLowerCase() === repo.fullName.toLowerCase()
  if (!here || !services.github.isSelf(pull.author)) return undefined
  const item = await itemOfBranch(tx.db, repo.id, pull.headBranch)
  if (!item) return undefined
  return savePull(tx, {
    repositoryId: repo.id,
    workItemId: item.id,
    number: pull.number,
    url: pull.url,
    headSha: pull.headSha,
    baseBranch: pull.baseBranch,
  })
}

async function closed(services: Services, tx: Tx, row: PullRow, item: ItemRow, sender: Actor): Promise<EventOutcome> {
  if (row.state === 'closed') return ignored('it is closed, and that was known')
  await tx.db.update(pullRequests).set({ state: 'closed' }).where(eq(pullRequests.id, row.id))
  await cancelMergeRequest(tx, row.id)
  if (isTerminal(item) || services.github.isSelf(sender)) return done('closed; nothing was under way')
  await setItemAside(tx, item, 'held', { actor: sender.login, why: messages.closedPull(row.number, sender.login) })
  return done('closed by a person, the item is held')
}

async function open(
  services: Services,
  tx: Tx,
  row: PullRow,
  item: ItemRow,
  seen: ObservedPullRequest,
): Promise<EventOutcome> {
  const { pull } = seen
  const changes: string[] = []
  if (row.state === 'closed') changes.push(await reopened(tx, row, item, seen))
  if (row.baseBranch !== pull.baseBranch) changes.push(await retargeted(tx, row, item, seen))
  if (row.headSha !== pull.headSha) changes.push(await moved(services, tx, row, item, seen))
  return changes.length > 0 ? done(changes.join('; ')) : ignored('nothing about it is new')
}

async function reopened(tx: Tx, row: PullRow, item: ItemRow, { sender, at }: ObservedPullRequest): Promise<string> {
  await tx.db.update(pullRequests).set({ state: 'open' }).where(eq(pullRequests.id, row.id))
  await voidApprovals(tx, row.id, at)
  if (item.state === 'held') {
    await transition(tx, item, 'reviewing', {
      actor: sender.login,
      why: messages.reopenedPull(row.number, sender.login),
    })
  }
  return 'opened again'
}

async function retargeted(
  tx: Tx,
  row: PullRow,
  item: ItemRow,
  { pull, sender, at }: ObservedPullRequest,
): Promise<string> {
  await tx.db.update(pullRequests).set({ baseBranch: pull.baseBranch }).where(eq(pullRequests.id, row.id))
  await voidApprovals(tx, row.id, at)
  const current = await getItem(tx.db, item.id)
  const why = messages.retargetedPull(row.number, pull.baseBranch)
  if (current?.state === 'approved' || current?.state === 'merging') {
    await transition(tx, current, 'reviewing', { actor: sender.login, why })
  } else if (current?.state === 'reviewing') {
    await tx.db.update(workItems).set({ reason: why }).where(eq(workItems.id, item.id))
    await requestStatusComment(tx, current, 'soon')
  }
  return `points to ${pull.baseBranch} now`
}

async function moved(
  services: Services,
  tx: Tx,
  row: PullRow,
  item: ItemRow,
  { pull, sender }: ObservedPullRequest,
): Promise<string> {
  await saveHead(tx, row, pull)
  const current = await getItem(tx.db, item.id)
  if (!current || services.github.isSelf(sender) || current.headSha === pull.headSha) return 'our own push'
  return (await judgeAgain(tx, current, pull, sender)) ? 'a person pushed; the gates look at it' : 'a person pushed'
}

async function saveHead(
  tx: Tx,
  { repositoryId, workItemId, number, url }: PullRow,
  pull: PullRequestSnapshot,
): Promise<void> {
  await savePull(tx, { repositoryId, workItemId, number, url, headSha: pull.headSha, baseBranch: pull.baseBranch })
}

/** The gates judge what a person has pushed; nothing is merged that they have not seen. */
async function judgeAgain(tx: Tx, item: ItemRow, pull: PullRequestSnapshot, sender: Actor): Promise<boolean> {
  // While an agent is at work its push will find the new commit, and say so.
  if (!['reviewing', 'approved', 'merging', 'checking'].includes(item.state)) return false
  const by = { actor: sender.login, why: messages.pushedBy(sender.login, pull.headSha), set: { headSha: pull.headSha } }
  await requestStop(tx, item.id, by.why)
  const reviewing = item.state === 'reviewing' ? item : await transition(tx, item, 'reviewing', by)
  await transition(tx, reviewing, 'checking', by)
  await addPersonRun(tx, item.id, pull.headSha)
  return true
}
