/** Merges a pull request: asks GitHub for the facts of this moment, decides, and requests the merge of that commit. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { defaultSettings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { leaveQueue } from '../db/merge-queue.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { getPull, type PullRow } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { workItems } from '../db/schema/work-items.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { mergeMessage } from '../domain/commit-message.ts'
import { chooseMethod, type MergeMethod } from '../domain/merge-refusal.ts'
import { noMethodAllowed, usesMethod } from '../messages/merging.ts'
import { approvedBy, movedAfterRequest, notMerged } from '../messages/pull-requests.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'
import { type Facts, factsOf } from './merge-facts.ts'
import { giveUpPlace, mustQueue, needsNoTest, queueFirst } from './merge-turn.ts'
import { decideMerge, type MergeDecision } from './mergeability.ts'
import { mergeKey } from './withdraw-merge.ts'

/** Handler of the `merge-pull-request` queue: after `/merge`, an approval, or the end of a check. */
export async function mergePullRequest(
  context: PullRequestContext,
  job: { pullRequestId: number; turn?: boolean },
): Promise<void> {
  const { db } = context.store
  const pull = await getPull(db, job.pullRequestId)
  const item = pull && (await getItem(db, pull.workItemId))
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!pull || !item || !repo || pull.state !== 'open') return
  if (item.state !== 'reviewing' && item.state !== 'approved') return
  const settings = repo.settings ?? defaultSettings()
  const asked = pull.mergeSha !== null
  // Without `/merge`, an approval alone merges only where the settings say so.
  if (!asked && settings.merge.when !== 'approved') return
  const subject = { repo, item, pull, asked, turn: job.turn ?? false, atOnce: true }
  if (asked && pull.mergeSha !== pull.headSha)
    return apply(context, subject, { kind: 'refuse', why: notMerged(movedAfterRequest) })
  // What must be tested first asks GitHub when its turn has come: once, and about that moment.
  const atOnce = subject.turn || (await needsNoTest(context, repo, item, pull))
  if (!atOnce && (await queueFirst(context, { ...subject, atOnce }))) return
  const decision = withMethod(await factsOf(context, repo, item, pull), settings.merge.method)
  if (!asked && decision.kind === 'refuse' && !subject.turn) return
  await apply(context, { ...subject, atOnce }, decision)
}

/** GitHub says with the pull request which ways of merging are allowed. */
function withMethod(known: Facts, wanted: MergeMethod): Verdict {
  const decision = decideMerge(known)
  if (decision.kind !== 'merge') return decision
  const method = chooseMethod(wanted, known.pull.mergeMethods)
  return method ? { ...decision, method } : { kind: 'refuse', why: noMethodAllowed }
}

interface Subject {
  repo: RepositoryRow
  item: ItemRow
  pull: PullRow
  asked: boolean
  /** The merge queue has proved it on top of its base. */
  turn: boolean
  /** Nothing that is on its base now was missing when its gates ran. */
  atOnce: boolean
}

/** A decision with the way of merging that the repository allows. */
type MergeOrder = Extract<MergeDecision, { kind: 'merge' }> & { method: MergeMethod }
type Verdict = MergeOrder | Exclude<MergeDecision, { kind: 'merge' }>

async function apply(context: PullRequestContext, subject: Subject, decision: Verdict): Promise<void> {
  const { repo, item, pull, asked } = subject
  const signer = settingsOf(repo).commits.signoff ? await context.github.author(repo) : undefined
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== item.state || !current) return
    // A head that moved while GitHub was asked voids the decision; its own job follows the push.
    const pullNow = await getPull(tx.db, pull.id)
    if (pullNow?.headSha !== pull.headSha || pullNow.state !== 'open' || pullNow.mergeSha !== pull.mergeSha) return
    if (decision.kind === 'merge') {
      if (await mustQueue(tx, { ...subject, item: current })) return
      return requestMerge(tx, { ...subject, item: current }, decision, signer)
    }
    await giveUpPlace(tx, pull)
    const by = { actor: 'tutti', why: decision.why }
    if (decision.kind === 'update') return update(tx, current, pull, decision.why)
    if (decision.kind === 'wait') return wait(tx, current, asked, decision)
    await tx.db
      .update(pullRequests)
      .set({ mergeRequestedBy: null, mergeRequestedById: null, mergeSha: null })
      .where(eq(pullRequests.id, pull.id))
    if (current.state === 'approved') await transition(tx, current, 'reviewing', by)
    else await requestStatusComment(tx, await setReason(tx, current, decision.why), 'now')
  })
}

/** The head moves: what was asked for the old one is void, and the person who gave `/merge` sees why. */
async function update(tx: Tx, item: ItemRow, pull: PullRow, why: string): Promise<void> {
  await tx.enqueue({ queue: 'update-branch', pullRequestId: pull.id })
  await setReason(tx, item, why)
}

/** The request stays, and the person who gave `/merge` sees what it waits for. */
async function wait(
  tx: Tx,
  item: ItemRow,
  asked: boolean,
  { what, why }: Extract<MergeDecision, { kind: 'wait' }>,
): Promise<void> {
  const to = what === 'checks' ? 'approved' : 'reviewing'
  if (to === 'approved' && !asked) return
  if (item.state === to && (item.reason === why || !asked)) return
  const waiting =
    item.state === to ? await setReason(tx, item, why) : await transition(tx, item, to, { actor: 'tutti', why })
  await requestStatusComment(tx, waiting, 'now')
}

async function requestMerge(
  tx: Tx,
  { repo, item, pull }: Subject,
  { approvedBy: approvers, method }: MergeOrder,
  signer: Awaited<ReturnType<PullRequestContext['github']['author']>> | undefined,
): Promise<void> {
  await leaveQueue(tx, pull.id)
  const actor = pull.mergeRequestedBy ?? approvers[0] ?? 'a reviewer'
  await transition(tx, item, 'merging', {
    actor,
    why: approvedBy(approvers) + usesMethod(method, settingsOf(repo).merge.method),
  })
  const { title, issueNumber } = item
  const { subject, body } = mergeMessage({ title, issueNumber, pullNumber: pull.number, approvedBy: approvers }, signer)
  await enqueueEffect(
    tx,
    { repositoryId: repo.id, workItemId: item.id, key: mergeKey(pull) },
    {
      kind: 'merge',
      payload: {
        pullNumber: pull.number,
        sha: pull.headSha,
        method,
        title: subject,
        message: body,
      },
    },
    { again: true },
  )
}

async function setReason(tx: Tx, item: ItemRow, reason: string): Promise<ItemRow> {
  const [row] = await tx.db.update(workItems).set({ reason }).where(eq(workItems.id, item.id)).returning()
  return row ?? item
}

export const mergePullRequestJob = defineJob(
  {
    queue: 'merge-pull-request',
    payload: z.object({ pullRequestId: z.number().int(), turn: z.boolean().optional() }),
    onFinalFailure: holdItem,
  },
  mergePullRequest,
)
