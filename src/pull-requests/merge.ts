/** Merging: asks GitHub for the facts of this moment, decides, and wants the merge of exactly the approved commit. */

import { eq } from 'drizzle-orm'
import { defaultSettings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { want } from '../db/outbox.ts'
import { gateRows, getPull, type PullRow } from '../db/pull-requests.ts'
import { approvalsVoidUntil } from '../db/reviews.ts'
import { pullRequests, workItems } from '../db/schema/core.ts'
import { advance, announce, getItem, getSystem, type ItemRow, lockItem, type SystemRow } from '../db/work-items.ts'
import type { Actor, Review } from '../domain/github.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import { sha } from '../lib/ids.ts'
import type { DeliveryParts } from './context.ts'
import { type MergeFacts, mayMerge, type Verdict } from './mergeability.ts'

/** Handler of the `merge` queue: somebody said `/merge`, approved, or a check ended. */
export async function merge(parts: DeliveryParts, job: { pullRequestId: number }): Promise<void> {
  const { db } = parts.store
  const pull = await getPull(db, job.pullRequestId)
  const item = pull && (await getItem(db, pull.workItemId))
  const system = item && (await getSystem(db, item.systemId))
  if (!pull || !item || !system || pull.state !== 'open') return
  if (item.state !== 'reviewing' && item.state !== 'approved') return
  const settings = system.settings ?? defaultSettings()
  const asked = pull.mergeSha !== null
  // Nobody has asked: an approval alone merges only where the settings say so.
  if (!asked && settings.merge.when !== 'approved') return
  const verdict = asked && pull.mergeSha !== pull.headSha ? moved() : mayMerge(await facts(parts, system, item, pull))
  if (!asked && verdict.kind === 'refuse') return
  await act(parts, { system, item, pull, asked }, verdict)
}

function moved(): Verdict {
  return { kind: 'refuse', why: 'Not merged: the branch moved after `/merge` was said. Review the new commit.' }
}

async function facts(parts: DeliveryParts, system: SystemRow, item: ItemRow, pull: PullRow): Promise<MergeFacts> {
  const repository = parts.github.repository(system)
  const head = sha(pull.headSha)
  const [now, reviews, checks] = await Promise.all([
    repository.pull(pull.number),
    repository.reviews(pull.number),
    repository.checks(head),
  ])
  const settings = system.settings ?? defaultSettings()
  const gates = await gateRows(parts.store.db, item.id, head)
  return {
    sha: head,
    pull: now,
    baseBranch: item.baseBranch,
    reviews: await withPermissions(parts, system, await stillCounting(parts, pull, reviews)),
    checks,
    gates,
    approvalsNeeded: settings.merge.approvals,
    protectedAllowed: item.protectedAllowedSha === head,
  }
}

/** Without approvals of what the pull request was before it was reopened or pointed elsewhere. */
async function stillCounting({ store }: DeliveryParts, pull: PullRow, reviews: Review[]): Promise<Review[]> {
  const until = await approvalsVoidUntil(store.db, pull.id)
  return until ? reviews.filter(({ state, at }) => state !== 'approved' || (at !== null && at > until)) : reviews
}

/** Permission is asked at this moment, once for each person whose word could count. */
async function withPermissions(
  parts: DeliveryParts,
  system: SystemRow,
  reviews: Review[],
): Promise<MergeFacts['reviews']> {
  const repository = parts.github.repository(system)
  const people = new Map<number, Actor>(reviews.map(({ author }) => [author.id, author]))
  const mayWrite = new Map<number, boolean>()
  for (const [id, actor] of people) {
    const counts = isPerson(actor) && !parts.github.isSelf(actor)
    mayWrite.set(id, counts && permits(await repository.permission(actor), 'write'))
  }
  return reviews.map((review) => ({ review, mayWrite: mayWrite.get(review.author.id) ?? false }))
}

interface Subject {
  system: SystemRow
  item: ItemRow
  pull: PullRow
  asked: boolean
}

async function act(parts: DeliveryParts, { system, item, pull, asked }: Subject, verdict: Verdict): Promise<void> {
  await parts.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== item.state || !current) return
    if (verdict.kind === 'merge') {
      const by = pull.mergeRequestedBy ?? verdict.approvedBy[0] ?? 'a reviewer'
      await advance(tx, current, 'merging', { actor: by, why: `Approved by ${verdict.approvedBy.join(', ')}.` })
      const settings = system.settings ?? defaultSettings()
      await want(
        tx,
        { systemId: system.id, workItemId: item.id, key: `merge:${pull.id}:${pull.headSha}` },
        {
          kind: 'merge',
          payload: {
            pullNumber: pull.number,
            sha: pull.headSha,
            method: settings.merge.method,
            title: `${item.title} (#${pull.number})`,
            message: `Issue: #${item.issueNumber}\nApproved by: ${verdict.approvedBy.join(', ')}`,
          },
        },
        { again: true },
      )
      return
    }
    if (verdict.kind === 'wait') {
      if (current.state !== 'reviewing' || !asked) return
      // Whoever said /merge sees what it waits for.
      await announce(tx, await advance(tx, current, 'approved', { actor: 'tutti', why: verdict.why }), 'now')
      return
    }
    await tx.db
      .update(pullRequests)
      .set({ mergeRequestedBy: null, mergeRequestedById: null, mergeSha: null })
      .where(eq(pullRequests.id, pull.id))
    if (current.state === 'approved') await advance(tx, current, 'reviewing', { actor: 'tutti', why: verdict.why })
    else await announce(tx, await noteReason(tx, current, verdict.why), 'now')
  })
}

async function noteReason(tx: Tx, item: ItemRow, reason: string): Promise<ItemRow> {
  const [row] = await tx.db.update(workItems).set({ reason }).where(eq(workItems.id, item.id)).returning()
  return row ?? item
}
