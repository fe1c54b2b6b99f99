/** A pull request was closed, merged, opened again, pointed elsewhere, or its branch has moved. */

import { eq } from 'drizzle-orm'
import { isBlocker } from '../db/blockers.ts'
import type { Tx } from '../db/connect.ts'
import { hear, heardAt } from '../db/idempotency-keys.ts'
import { type PullRow, pullByNumber, savePull } from '../db/pull-requests.ts'
import { takeBackMerge, voidApprovals } from '../db/reviews.ts'
import { addPersonRun, askToStop } from '../db/runs.ts'
import { pullRequests, workItems } from '../db/schema/core.ts'
import {
  advance,
  announce,
  getItem,
  type ItemRow,
  itemOfBranch,
  lockItem,
  noteBlocker,
  type SystemRow,
  systemOfRepository,
} from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { PullFacts, PullMoved } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import { isFinished } from '../domain/lifecycle.ts'
import * as say from '../messages/webhooks.ts'
import { issueSubject } from '../work-items/issue-snapshot.ts'
import type { Services } from '../work-items/services.ts'
import { takeOff } from '../work-items/set-aside.ts'
import { markMerged } from './mark-merged.ts'

/** A pull request as it is, and why we look at it. */
export interface PullSeen {
  system: SystemRow
  pull: PullFacts
  sender: Actor
  at: Date | null
}

const subjectOf = (systemId: number, number: number) => `pull:${systemId}#${number}`

/** Acts on `pull_request` closed, reopened, synchronize and edited (its base). */
export async function pullMoved(parts: Services, fact: PullMoved): Promise<EventOutcome> {
  const told = await blockerMoved(parts, fact)
  const outcome = await ourPullMoved(parts, fact)
  return outcome.state === 'ignored' && told ? done('those that wait for it are told') : outcome
}

/**
 * `Depends on #5` may name any pull request. Closed is closed, with or without a merge, as it is for issues.
 * @returns whether something waits for it.
 */
async function blockerMoved(parts: Services, { repository, pull, how, at }: PullMoved): Promise<boolean> {
  const { db } = parts.store
  if (how !== 'closed' && how !== 'reopened') return false
  if (!(await isBlocker(db, repository.fullName, pull.number))) return false
  const subject = issueSubject(repository.repositoryId, pull.number)
  const newest = await heardAt(db, subject)
  const isNewest = !at || !newest || newest < at
  // Something as new was heard already: what the payload shows may be over.
  const { state } = isNewest ? pull : await parts.github.repository(repository).pull(pull.number)
  await parts.store.transaction(async (tx) => {
    if (at) await hear(tx, subject, at)
    await noteBlocker(tx, repository.fullName, pull.number, state)
  })
  return true
}

async function ourPullMoved(parts: Services, fact: PullMoved): Promise<EventOutcome> {
  const { db } = parts.store
  const system = await systemOfRepository(db, fact.repository.repositoryId)
  if (!system || system.state === 'gone') return ignored('the repository is not worked on')
  const seen = { system, pull: fact.pull, sender: fact.sender, at: fact.at }
  const newest = await heardAt(db, subjectOf(system.id, fact.pull.number))
  if (!fact.at || !newest || newest < fact.at) return settlePull(parts, seen)
  // Something as new was heard already: what the payload shows may be over.
  if (!(await pullByNumber(db, system.id, fact.pull.number))) return ignored('not a pull request of ours')
  return settlePull(parts, { ...seen, pull: await parts.github.repository(system).pull(fact.pull.number) })
}

/** Brings a pull request and its item into line with the facts. Webhooks and the reconcile both end here. */
export async function settlePull(parts: Services, seen: PullSeen): Promise<EventOutcome> {
  const { system, pull, sender, at } = seen
  return parts.store.transaction(async (tx) => {
    const row = await ourPull(tx, parts, system, pull)
    const item = row && (await lockItem(tx, row.workItemId))
    if (!row || !item) return ignored('not a pull request of ours')
    if (at) await hear(tx, subjectOf(system.id, pull.number), at)
    if (row.state === 'merged') return ignored('it is merged, and that was known')
    if (pull.merged) {
      // What was merged is its head, also when the last push was not heard of: the branch is tidied by it.
      if (row.headSha !== pull.headSha) await saveHead(tx, row, pull)
      await markMerged(tx, { pullRequestId: row.id, mergedSha: pull.mergeCommitSha, by: sender.login })
      return done('merged')
    }
    if (pull.state === 'closed') return closed(parts, tx, row, item, sender)
    return open(parts, tx, row, item, seen)
  })
}

/**
 * The row of a pull request. One that we opened a moment ago may be told of here before its opening was noted: it is
 * known by its branch then.
 */
export async function ourPull(
  tx: Tx,
  parts: Pick<Services, 'github'>,
  system: SystemRow,
  pull: PullFacts,
): Promise<PullRow | undefined> {
  const known = await pullByNumber(tx.db, system.id, pull.number)
  if (known) return known
  const here = pull.headRepository?.toLowerCase() === system.fullName.toLowerCase()
  if (!here || !parts.github.isSelf(pull.author)) return undefined
  const item = await itemOfBranch(tx.db, system.id, pull.headBranch)
  if (!item) return undefined
  return savePull(tx, {
    systemId: system.id,
    workItemId: item.id,
    number: pull.number,
    url: pull.url,
    headSha: pull.headSha,
    baseBranch: pull.baseBranch,
  })
}

async function closed(parts: Services, tx: Tx, row: PullRow, item: ItemRow, sender: Actor): Promise<EventOutcome> {
  if (row.state === 'closed') return ignored('it is closed, and that was known')
  await tx.db.update(pullRequests).set({ state: 'closed' }).where(eq(pullRequests.id, row.id))
  await takeBackMerge(tx, row.id)
  if (isFinished(item) || parts.github.isSelf(sender)) return done('closed; nothing was under way')
  await takeOff(tx, item, 'held', { actor: sender.login, why: say.closedPull(row.number, sender.login) })
  return done('closed by a person, the item is held')
}

async function open(parts: Services, tx: Tx, row: PullRow, item: ItemRow, seen: PullSeen): Promise<EventOutcome> {
  const { pull } = seen
  const changes: string[] = []
  if (row.state === 'closed') changes.push(await reopened(tx, row, item, seen))
  if (row.baseBranch !== pull.baseBranch) changes.push(await retargeted(tx, row, item, seen))
  if (row.headSha !== pull.headSha) changes.push(await moved(parts, tx, row, item, seen))
  return changes.length > 0 ? done(changes.join('; ')) : ignored('nothing about it is new')
}

async function reopened(tx: Tx, row: PullRow, item: ItemRow, { sender, at }: PullSeen): Promise<string> {
  await tx.db.update(pullRequests).set({ state: 'open' }).where(eq(pullRequests.id, row.id))
  await voidApprovals(tx, row.id, at)
  if (item.state === 'held') {
    await advance(tx, item, 'reviewing', { actor: sender.login, why: say.reopenedPull(row.number, sender.login) })
  }
  return 'opened again'
}

async function retargeted(tx: Tx, row: PullRow, item: ItemRow, { pull, sender, at }: PullSeen): Promise<string> {
  await tx.db.update(pullRequests).set({ baseBranch: pull.baseBranch }).where(eq(pullRequests.id, row.id))
  await voidApprovals(tx, row.id, at)
  const current = await getItem(tx.db, item.id)
  const why = say.retargetedPull(row.number, pull.baseBranch)
  if (current?.state === 'approved' || current?.state === 'merging') {
    await advance(tx, current, 'reviewing', { actor: sender.login, why })
  } else if (current?.state === 'reviewing') {
    await tx.db.update(workItems).set({ reason: why }).where(eq(workItems.id, item.id))
    await announce(tx, current, 'soon')
  }
  return `points to ${pull.baseBranch} now`
}

async function moved(
  parts: Services,
  tx: Tx,
  row: PullRow,
  item: ItemRow,
  { pull, sender }: PullSeen,
): Promise<string> {
  await saveHead(tx, row, pull)
  const current = await getItem(tx.db, item.id)
  if (!current || parts.github.isSelf(sender) || current.headSha === pull.headSha) return 'our own push'
  return (await judgeAgain(tx, current, pull, sender)) ? 'a person pushed; the gates look at it' : 'a person pushed'
}

async function saveHead(tx: Tx, { systemId, workItemId, number, url }: PullRow, pull: PullFacts): Promise<void> {
  await savePull(tx, { systemId, workItemId, number, url, headSha: pull.headSha, baseBranch: pull.baseBranch })
}

/** The gates judge what a person has pushed; nothing is merged that they have not seen. */
async function judgeAgain(tx: Tx, item: ItemRow, pull: PullFacts, sender: Actor): Promise<boolean> {
  // While an agent is at work its push will find the new commit, and say so.
  if (!['reviewing', 'approved', 'merging', 'checking'].includes(item.state)) return false
  const by = { actor: sender.login, why: say.pushedBy(sender.login, pull.headSha), set: { headSha: pull.headSha } }
  await askToStop(tx, item.id, by.why)
  const reviewing = item.state === 'reviewing' ? item : await advance(tx, item, 'reviewing', by)
  await advance(tx, reviewing, 'checking', by)
  await addPersonRun(tx, item.id, pull.headSha)
  return true
}
