/** A pull request was closed, merged or reopened, its base branch was changed, or its branch has moved. */

import { eq } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { isBlocker, setBlockerState } from '../db/dependencies.ts'
import { lastEventTime, recordEventTime } from '../db/idempotency-keys.ts'
import { type PullRow, pullByNumber, savePull } from '../db/pull-requests.ts'
import { type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { noteReverts } from '../db/reverts.ts'
import { cancelMergeRequest, voidApprovals } from '../db/reviews.ts'
import { addPersonRun, buildsOf, requestStop } from '../db/runs.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, itemOfBranch, lockItem, transition } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PullRequestChanged, PullRequestSnapshot } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { revertsAny, revertsIn } from '../domain/reverts.ts'
import * as messages from '../messages/pull-requests.ts'
import { issueSubject } from '../work-items/issue-snapshot.ts'
import type { Services } from '../work-items/services.ts'
import { setItemAside } from '../work-items/set-aside.ts'
import { markMerged } from './mark-merged.ts'
import { giveUpPlace } from './merge-turn.ts'
import { withdrawMerge } from './withdraw-merge.ts'

/** A pull request as it is, and who changed it. */
export interface ObservedPullRequest {
  repo: RepositoryRow
  pull: PullRequestSnapshot
  sender: Actor
  at: Date | null
  /** What the event says has happened. */
  how?: PullRequestChanged['how']
}

const subjectOf = (repositoryId: number, number: number) => `pull:${repositoryId}#${number}`

/** Acts on `pull_request` closed, reopened, synchronize, ready_for_review and edited (its base). */
export async function onPullRequestChanged(services: Services, event: PullRequestChanged): Promise<EventOutcome> {
  const wasBlocker = await updateBlocker(services, event)
  const reverts = event.how === 'closed' && event.pull.merged && (await mergeReverts(services, event))
  const outcome = await updateOurs(services, event)
  if (outcome.state === 'ignored' && reverts) return done('a merge of ours is taken back, or brought back')
  return outcome.state === 'ignored' && wasBlocker ? done('those that wait for it are updated') : outcome
}

/**
 * `Depends on #5` may name any pull request. A closed one blocks no longer, with or without a merge, like an issue.
 * @returns whether something waits for it.
 */
async function updateBlocker(services: Services, { repository, pull, how, at }: PullRequestChanged): Promise<boolean> {
  const { db } = services.store
  if (how !== 'closed' && how !== 'reopened') return false
  if (!(await isBlocker(db, repository.fullName, pull.number))) return false
  const subject = issueSubject(repository.githubId, pull.number)
  const newest = await lastEventTime(db, subject)
  const isNewest = !at || !newest || newest < at
  // A newer event was processed already, so the payload may be out of date.
  const { state } = isNewest ? pull : await services.github.repository(repository).pull(pull.number)
  await services.store.transaction(async (tx) => {
    if (at) await recordEventTime(tx, subject, at)
    await setBlockerState(tx, repository.fullName, pull.number, state)
  })
  return true
}

/** A merged pull request that takes others back, as GitHub's button makes it. @returns whether one of ours is among them. */
async function mergeReverts({ store }: Services, { repository, pull, sender }: PullRequestChanged): Promise<boolean> {
  const found = revertsIn(`${pull.title}\n\n${pull.body}`, repository.fullName)
  const repo = revertsAny(found) ? await repositoryByGithubId(store.db, repository.githubId) : undefined
  if (!repo) return false
  const reverts = [{ by: `#${pull.number}`, ...found }]
  const facts = { repositoryId: repo.id, branch: pull.baseBranch, actor: sender.login, reverts }
  return (await store.transaction((tx) => noteReverts(tx, facts))) > 0
}

async function updateOurs(services: Services, event: PullRequestChanged): Promise<EventOutcome> {
  const { db } = services.store
  const repo = await repositoryByGithubId(db, event.repository.githubId)
  if (!repo || repo.state === 'gone') return ignored('the repository is not worked on')
  const seen = { repo, pull: event.pull, sender: event.sender, at: event.at, how: event.how }
  const newest = await lastEventTime(db, subjectOf(repo.id, event.pull.number))
  if (!event.at || !newest || newest < event.at) return syncPullRequest(services, seen)
  // A newer event was processed already, so the payload may be out of date.
  if (!(await pullByNumber(db, repo.id, event.pull.number))) return ignored('not a pull request of ours')
  return syncPullRequest(services, { ...seen, pull: await services.github.repository(repo).pull(event.pull.number) })
}

/** Brings a pull request and its item into line with GitHub. Webhooks and the reconcile both call this. */
export async function syncPullRequest(services: Services, seen: ObservedPullRequest): Promise<EventOutcome> {
  const { repo, pull, sender, at } = seen
  return services.store.transaction(async (tx) => {
    const row = await ourPullRequest(tx, services, repo, pull)
    const item = row && (await lockItem(tx, row.workItemId))
    if (!row || !item) return ignored('not a pull request of ours')
    if (at) await recordEventTime(tx, subjectOf(repo.id, pull.number), at)
    if (row.state === 'merged') return ignored('it is merged, and that was known')
    if (pull.merged) {
      // The merged commit is its head, also when the event of the last push is missing. Clean-up compares with it.
      if (row.headSha !== pull.headSha) await saveHead(tx, row, pull)
      await markMerged(tx, { pullRequestId: row.id, mergedSha: pull.mergeCommitSha, by: sender.login })
      return done('merged')
    }
    const change = { tx, row, item, isSelf: services.github.isSelf(sender), ...seen }
    return pull.state === 'closed' ? closed(change) : open(change)
  })
}

/**
 * The row of a pull request. The event of one that we have just opened may come before its row exists: then its branch
 * identifies it.
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

/** A change of one of our pull requests, with its locked item. */
interface Change extends ObservedPullRequest {
  tx: Tx
  row: PullRow
  item: ItemRow
  /** Whether the app made the change. */
  isSelf: boolean
}

async function closed({ tx, row, item, sender, isSelf }: Change): Promise<EventOutcome> {
  if (row.state === 'closed') return ignored('it is closed, and that was known')
  await tx.db.update(pullRequests).set({ state: 'closed' }).where(eq(pullRequests.id, row.id))
  await cancelMergeRequest(tx, row.id)
  if (isTerminal(item) || isSelf) return done('closed; nothing was under way')
  const why = messages.pullRequestClosed(row.number, sender.login)
  await setItemAside(tx, item, 'held', { actor: sender.login, why })
  return done('closed by a person, the item is held')
}

async function open(change: Change): Promise<EventOutcome> {
  const { row, pull } = change
  const changes: string[] = []
  if (row.state === 'closed') changes.push(await reopened(change))
  if (row.baseBranch !== pull.baseBranch) changes.push(await retargeted(change))
  if (row.headSha !== pull.headSha) changes.push(await pushed(change))
  else if (change.how === 'kept' && (await keptFromMerge(change))) changes.push('the merge is taken back')
  else if (change.how === 'ready' && !pull.draft) changes.push(await readyForReview(change))
  return changes.length > 0 ? done(changes.join('; ')) : ignored('nothing about it is new')
}

async function reopened({ tx, row, item, sender, at }: Change): Promise<string> {
  await tx.db.update(pullRequests).set({ state: 'open' }).where(eq(pullRequests.id, row.id))
  await voidApprovals(tx, row.id, at)
  if (item.state === 'held') {
    await transition(tx, item, 'reviewing', {
      actor: sender.login,
      why: messages.pullRequestReopened(row.number, sender.login),
    })
  }
  return 'opened again'
}

async function retargeted({ tx, repo, row, item, pull, sender, at }: Change): Promise<string> {
  await tx.db.update(pullRequests).set({ baseBranch: pull.baseBranch }).where(eq(pullRequests.id, row.id))
  // The default branch has another name: its items follow it, see `followDefaultBranch`.
  if (pull.baseBranch === repo.defaultBranch)
    await tx.db.update(workItems).set({ baseBranch: pull.baseBranch }).where(eq(workItems.id, item.id))
  await voidApprovals(tx, row.id, at)
  await withdrawMerge(tx, row, sender.login)
  const current = await getItem(tx.db, item.id)
  const why = messages.pullRequestRetargeted(row.number, pull.baseBranch)
  if (current?.state === 'approved' || current?.state === 'merging') {
    await transition(tx, current, 'reviewing', { actor: sender.login, why })
  } else if (current?.state === 'reviewing') {
    await tx.db.update(workItems).set({ reason: why }).where(eq(workItems.id, item.id))
    await requestStatusComment(tx, current, 'soon')
  }
  return `points to ${pull.baseBranch} now`
}

/** A merge that is not published yet is decided once more, and waits then for the label to go. */
async function keptFromMerge({ tx, row, sender }: Change): Promise<boolean> {
  return (await withdrawMerge(tx, row, sender.login)) || (await giveUpPlace(tx, row))
}

/** A merge that waits for the end of the draft is considered again. */
async function readyForReview({ tx, row }: Change): Promise<string> {
  if (row.mergeSha === row.headSha) await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: row.id })
  return 'ready for review'
}

async function pushed({ tx, row, item, pull, sender, isSelf }: Change): Promise<string> {
  await saveHead(tx, row, pull)
  const current = await getItem(tx.db, item.id)
  if (!current || isSelf || current.headSha === pull.headSha) return 'our own push'
  return (await judgeAgain(tx, current, pull, sender)) ? 'a person pushed; the gates look at it' : 'a person pushed'
}

async function saveHead(
  tx: Tx,
  { repositoryId, workItemId, number, url }: PullRow,
  pull: PullRequestSnapshot,
): Promise<void> {
  await savePull(tx, { repositoryId, workItemId, number, url, headSha: pull.headSha, baseBranch: pull.baseBranch })
}

/** The gates judge the commit that a person has pushed: no other commit is merged. */
async function judgeAgain(tx: Tx, item: ItemRow, pull: PullRequestSnapshot, sender: Actor): Promise<boolean> {
  // While an agent works, its own push fails on the new commit and reports that.
  const takenOver = item.state === 'held' && (await attemptsFailed(tx, item))
  if (!takenOver && !['reviewing', 'approved', 'merging', 'checking'].includes(item.state)) return false
  const by = {
    actor: sender.login,
    why: messages.personPushed(sender.login, pull.headSha),
    set: { headSha: pull.headSha },
  }
  await requestStop(tx, item.id, by.why)
  const reviewing = item.state === 'reviewing' ? item : await transition(tx, item, 'reviewing', by)
  await transition(tx, reviewing, 'checking', by)
  await addPersonRun(tx, item.id, pull.headSha)
  return true
}

/** Whether an item is held because its last attempt failed: what a person pushes then takes it over. */
async function attemptsFailed(tx: Tx, item: ItemRow): Promise<boolean> {
  const last = (await buildsOf(tx.db, item.id)).at(-1)
  return last !== undefined && last.failureClass !== null && ['running', 'checking'].includes(item.resumeState ?? '')
}
