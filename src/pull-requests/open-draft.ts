/**
 * Shows work before its gates have ended, where the settings want drafts: the branch is pushed and a draft opened once
 * nothing that the commit contains is refused. `open-pull-request.ts` makes it ready when the gates have passed.
 */

import { z } from 'zod'
import type { Database } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { effectsOf, enqueueEffect } from '../db/outbox.ts'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings } from '../db/repository-settings.ts'
import { getItem, type ItemRow, lockItem } from '../db/work-items.ts'
import { commitSubject } from '../domain/commit-message.ts'
import type { EffectOf } from '../domain/effects.ts'
import { validBranch } from '../git/names.ts'
import { requireCommit } from '../git/one-of-several.ts'
import { sha } from '../lib/ids.ts'
import { draftBeforeGates } from '../messages/pull-requests.ts'
import type { PullRequestContext } from './context.ts'
import { afterMerged, describePullRequest, expectedHead } from './open-pull-request.ts'

/**
 * Handler of the `open-draft` queue. A second time changes nothing. A push that the server refuses is left to
 * `open-pull-request.ts`, which meets the same refusal and reports it.
 * @param job.sha the commit that the gates are at.
 */
export async function openDraft(context: PullRequestContext, job: { workItemId: number; sha: string }): Promise<void> {
  const { db } = context.store
  const item = await getItem(db, job.workItemId)
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!item || !repo || repo.state === 'gone' || !isShown(item, job.sha)) return
  if (await isReadyForReview(db, item)) return
  const control = await context.control(repo)
  try {
    const { base } = await refreshSettings(context.store, repo, control)
    const work = { repo, item, base: sha(base), head: sha(job.sha) }
    await requireCommit(control, work.head, validBranch(item.branch))
    const outcome = await control.push(validBranch(item.branch), work.head, {
      expected: await expectedHead(context, item),
    })
    if (outcome.kind === 'refused' || outcome.kind === 'moved') {
      context.log.warn({ issue: item.issueNumber, outcome }, 'the branch of a draft could not be pushed')
      return
    }
    const { body } = await describePullRequest(context, control, work)
    await context.store.transaction(async (tx) => {
      const current = await lockItem(tx, item.id)
      if (!current || !isShown(current, job.sha)) return
      const title = commitSubject(item.title)
      const text = { title, body: draftBeforeGates(body), sha: job.sha, draft: true }
      const another = await afterMerged(tx, item)
      const payload = { branch: item.branch, base: current.baseBranch, ...text, ...another }
      const target = { repositoryId: repo.id, workItemId: item.id, key: `pull:${item.id}` }
      await enqueueEffect(tx, target, { kind: 'pull-request', payload })
      // The gates were faster, and had no commit on the server for their check run.
      const results = await gateRows(tx.db, item.id, job.sha)
      if (results.some(({ verdict }) => verdict === 'fail'))
        await tx.enqueue({ queue: 'show-failed-work', workItemId: item.id })
    })
  } catch (error) {
    // The gates go on, and what follows them reports it.
    if (!(error instanceof BaseBranchDeleted)) throw error
  }
}

/** The gates may have failed meanwhile, and the next attempt may have begun. */
function isShown({ state, headSha }: ItemRow, commit: string): boolean {
  return headSha === commit && ['checking', 'ready', 'running'].includes(state)
}

/** Whether people have its pull request before them already: that one never becomes a draft again. */
async function isReadyForReview(db: Database, item: ItemRow): Promise<boolean> {
  return (await pullOfItem(db, item.id))?.state === 'open' && !(await isDraft(db, item))
}

/** Whether the pull request of an item was last asked for as a draft. */
export async function isDraft(db: Database, item: Pick<ItemRow, 'id'>): Promise<boolean> {
  const [effect] = await effectsOf(db, [`pull:${item.id}`])
  return (effect?.payload as EffectOf<'pull-request'>['payload'] | undefined)?.draft ?? false
}

export const openDraftJob = defineJob(
  { queue: 'open-draft', payload: z.object({ workItemId: z.number().int(), sha: z.string() }) },
  openDraft,
)
