/**
 * Reacts to a commit that was made through GitHub. It has the tree that the gates have judged and another id: branch,
 * item, run and verdicts follow, and the pull request is opened.
 */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { effectById } from '../db/outbox.ts'
import { copyPictures } from '../db/pictures.ts'
import { gateRows, saveGateResult } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { getItem, type ItemRow, lockItem, transition } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import { readRefusal } from '../domain/push-refusal.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { headRef } from '../git/history.ts'
import { type BranchName, validBranch } from '../git/names.ts'
import { requireCommit } from '../git/one-of-several.ts'
import { OperatorError } from '../lib/errors.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { branchPushedByOthers } from '../messages/pull-requests.ts'
import { notSigned } from '../messages/pushes.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'
import { pushRefused } from './push-refused.ts'

async function onCommitCreated(context: PullRequestContext, job: { effectId: number }): Promise<void> {
  const { db } = context.store
  const effect = await effectById(db, job.effectId)
  const item = effect?.workItemId ? await getItem(db, effect.workItemId) : undefined
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!effect || !item || !repo || item.state !== 'checking') return
  const { commit } = effect.payload as EffectOf<'commit'>['payload']
  if (item.headSha !== commit) return
  if (effect.state === 'failed') return refused(context, repo, item, effect.error ?? '')
  const { sha: made, verified } = effect.result as { sha: string; verified: boolean }
  if (verified) await adopt(context, repo, item, made)
  else await hold(context, item, notSigned())
}

async function refused(context: PullRequestContext, repo: RepositoryRow, item: ItemRow, error: string): Promise<void> {
  if (/already exists|not a fast.forward/i.test(error)) return hold(context, item, branchPushedByOthers(item.branch))
  await pushRefused(context, repo, item, readRefusal(error, error) ?? { kind: 'rule', words: error })
}

async function adopt(context: PullRequestContext, repo: RepositoryRow, item: ItemRow, made: string): Promise<void> {
  const control = await context.control(repo)
  const [branch, before] = [validBranch(item.branch), sha(item.headSha ?? '')]
  await control.fetch([branch])
  await requireCommit(control, before)
  await follow(control, branch, before, sha(made))
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== 'checking' || current.headSha !== before) return
    // The same tree: what the gates said of one commit holds for the other.
    for (const { id: _, createdAt: __, ...row } of await gateRows(tx.db, item.id, before))
      await saveGateResult(tx, { ...row, sha: made })
    await copyPictures(tx, { workItemId: item.id, from: before, to: made })
    await tx.db.update(workItems).set({ headSha: made }).where(eq(workItems.id, item.id))
    await tx.db.update(runs).set({ headSha: made }).where(eq(runs.headSha, before))
    await tx.enqueue({ queue: 'open-pull-request', workItemId: item.id })
  })
}

/** The branch itself may be in the clone of another process; what counts is that the files are the same. */
async function follow(control: BareClone, branch: BranchName, before: Sha, made: Sha): Promise<void> {
  const here = await control.resolve(headRef(branch))
  if (here === before || here === made) return control.adopt(branch, before, made)
  if ((await control.treeOf(before)) !== (await control.treeOf(made)))
    throw new OperatorError(`${made} cannot take the place of ${before} on ${branch}: it is not the same work`)
}

async function hold({ store }: PullRequestContext, item: ItemRow, why: string): Promise<void> {
  await store.transaction((tx) => transition(tx, item, 'held', { actor: 'tutti', why }))
}

export const onCommitCreatedJob = defineJob(
  { queue: 'on-commit-created', payload: z.object({ effectId: z.number().int() }), onFinalFailure: holdItem },
  onCommitCreated,
)
