/** Merging: asks GitHub for the facts of this moment, decides, and wants the merge of exactly the approved commit. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { defaultSettings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { gateRows, getPull, type PullRow } from '../db/pull-requests.ts'
import { settingsOf } from '../db/repositories.ts'
import { approvalsVoidUntil } from '../db/reviews.ts'
import { pullRequests, workItems } from '../db/schema/core.ts'
import {
  getItem,
  getRepository,
  type ItemRow,
  lockItem,
  type RepositoryRow,
  requestStatusComment,
  transition,
} from '../db/work-items.ts'
import { mergeMessage } from '../domain/commit-message.ts'
import type { Actor, Review } from '../domain/github.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import { sha } from '../lib/ids.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'
import { decideMerge, type MergeDecision, type MergeFacts } from './mergeability.ts'

/** Handler of the `merge-pull-request` queue: somebody said `/merge`, approved, or a check ended. */
export async function mergePullRequest(context: PullRequestContext, job: { pullRequestId: number }): Promise<void> {
  const { db } = context.store
  const pull = await getPull(db, job.pullRequestId)
  const item = pull && (await getItem(db, pull.workItemId))
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!pull || !item || !repo || pull.state !== 'open') return
  if (item.state !== 'reviewing' && item.state !== 'approved') return
  const settings = repo.settings ?? defaultSettings()
  const asked = pull.mergeSha !== null
  // Nobody has asked: an approval alone merges only where the settings say so.
  if (!asked && settings.merge.when !== 'approved') return
  const verdict =
    asked && pull.mergeSha !== pull.headSha ? moved() : decideMerge(await facts(context, repo, item, pull))
  if (!asked && verdict.kind === 'refuse') return
  await act(context, { repo, item, pull, asked }, verdict)
}

function moved(): MergeDecision {
  return { kind: 'refuse', why: 'Not merged: the branch moved after `/merge` was said. Review the new commit.' }
}

async function facts(
  context: PullRequestContext,
  repo: RepositoryRow,
  item: ItemRow,
  pull: PullRow,
): Promise<MergeFacts> {
  const repository = context.github.repository(repo)
  const head = sha(pull.headSha)
  const [now, reviews, checks] = await Promise.all([
    repository.pull(pull.number),
    repository.reviews(pull.number),
    repository.checks(head),
  ])
  const settings = repo.settings ?? defaultSettings()
  const gates = await gateRows(context.store.db, item.id, head)
  return {
    sha: head,
    pull: now,
    baseBranch: item.baseBranch,
    reviews: await withPermissions(context, repo, await stillCounting(context, pull, reviews)),
    checks,
    gates,
    approvalsNeeded: settings.merge.approvals,
    protectedAllowed: item.protectedAllowedSha === head,
  }
}

/** Without approvals of what the pull request was before it was reopened or pointed elsewhere. */
async function stillCounting({ store }: PullRequestContext, pull: PullRow, reviews: Review[]): Promise<Review[]> {
  const until = await approvalsVoidUntil(store.db, pull.id)
  return until ? reviews.filter(({ state, at }) => state !== 'approved' || (at !== null && at > until)) : reviews
}

/** Permission is asked at this moment, once for each person whose word could count. */
async function withPermissions(
  context: PullRequestContext,
  repo: RepositoryRow,
  reviews: Review[],
): Promise<MergeFacts['reviews']> {
  const repository = context.github.repository(repo)
  const people = new Map<number, Actor>(reviews.map(({ author }) => [author.id, author]))
  const mayWrite = new Map<number, boolean>()
  for (const [id, actor] of people) {
    const counts = isPerson(actor) && !context.github.isSelf(actor)
    mayWrite.set(id, counts && permits(await repository.permission(actor), 'write'))
  }
  return reviews.map((review) => ({ review, mayWrite: mayWrite.get(review.author.id) ?? false }))
}

interface Subject {
  repo: RepositoryRow
  item: ItemRow
  pull: PullRow
  asked: boolean
}

async function act(
  context: PullRequestContext,
  { repo, item, pull, asked }: Subject,
  verdict: MergeDecision,
): Promise<void> {
  const signer = settingsOf(repo).commits.signoff ? await context.github.author(repo) : undefined
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== item.state || !current) return
    if (verdict.kind === 'merge') {
      const by = pull.mergeRequestedBy ?? verdict.approvedBy[0] ?? 'a reviewer'
      await transition(tx, current, 'merging', { actor: by, why: `Approved by ${verdict.approvedBy.join(', ')}.` })
      const settings = repo.settings ?? defaultSettings()
      const { subject, body } = mergeMessage(
        {
          ...{ title: item.title, issueNumber: item.issueNumber },
          ...{ pullNumber: pull.number, approvedBy: verdict.approvedBy },
        },
        signer,
      )
      await enqueueEffect(
        tx,
        { repositoryId: repo.id, workItemId: item.id, key: `merge:${pull.id}:${pull.headSha}` },
        {
          kind: 'merge',
          payload: {
            pullNumber: pull.number,
            sha: pull.headSha,
            method: settings.merge.method,
            title: subject,
            message: body,
          },
        },
        { again: true },
      )
      return
    }
    if (verdict.kind === 'wait') {
      if (current.state !== 'reviewing' || !asked) return
      // Whoever said /merge sees what it waits for.
      await requestStatusComment(
        tx,
        await transition(tx, current, 'approved', { actor: 'tutti', why: verdict.why }),
        'now',
      )
      return
    }
    await tx.db
      .update(pullRequests)
      .set({ mergeRequestedBy: null, mergeRequestedById: null, mergeSha: null })
      .where(eq(pullRequests.id, pull.id))
    if (current.state === 'approved') await transition(tx, current, 'reviewing', { actor: 'tutti', why: verdict.why })
    else await requestStatusComment(tx, await noteReason(tx, current, verdict.why), 'now')
  })
}

async function noteReason(tx: Tx, item: ItemRow, reason: string): Promise<ItemRow> {
  const [row] = await tx.db.update(workItems).set({ reason }).where(eq(workItems.id, item.id)).returning()
  return row ?? item
}

export const mergePullRequestJob = defineJob(
  { queue: 'merge-pull-request', payload: z.object({ pullRequestId: z.number().int() }), onFinalFailure: holdItem },
  mergePullRequest,
)
