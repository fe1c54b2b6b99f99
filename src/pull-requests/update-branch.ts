/**
 * Brings the base branch into the head of a pull request: by git alone where the two merge, else by the agent that owns
 * the branch. `branches.update` says whether git merges or rebases; commits of people are never rewritten.
 */

import { z } from 'zod'
import { saveBranchUpdate } from '../db/branch-updates.ts'
import type { Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { getPull, type PullRow } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings, settingsOf } from '../db/repository-settings.ts'
import { cancelMergeRequest } from '../db/reviews.ts'
import { addUpdateRun, buildsOf } from '../db/runs.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, lockItem, transition, updateReason } from '../db/work-items.ts'
import { commitSubject } from '../domain/commit-message.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { JoinResult } from '../git/join-commits.ts'
import { validBranch } from '../git/names.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { alreadyUpToDate, broughtUpToDate, conflictFound } from '../messages/conflicts.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'

interface Subject {
  repo: RepositoryRow
  item: ItemRow
  pull: PullRow
}

/** Handler of the `update-branch` queue. A head that is up to date stays as it is. */
export async function updateBranch(context: PullRequestContext, job: { pullRequestId: number }): Promise<void> {
  const subject = await subjectOf(context, job.pullRequestId)
  if (!subject) return
  const { repo, item, pull } = subject
  const control = await context.control(repo)
  const base = await baseOf(context, repo, item, control)
  if (!base) return
  if (!(await control.resolve(pull.headSha))) await control.fetch([validBranch(item.branch)])
  const result = await join(context, subject, control, base)
  if (result.kind === 'joined') await control.share(result.sha)
  await context.store.transaction(async (tx) => {
    const now = await lockItem(tx, item.id)
    const pullNow = await getPull(tx.db, pull.id)
    if (!now || !isInReview(now) || pullNow?.headSha !== pull.headSha || pullNow.state !== 'open') return
    if (result.kind === 'up-to-date') return upToDate(tx, now, pullNow)
    if (result.kind === 'joined') return updated(tx, now, pullNow, { base, result })
    await toAgent(tx, now, pullNow, { base, paths: result.paths })
  })
}

async function subjectOf(context: PullRequestContext, pullRequestId: number): Promise<Subject | undefined> {
  const { db } = context.store
  const pull = await getPull(db, pullRequestId)
  const item = pull && (await getItem(db, pull.workItemId))
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!pull || !item || !repo || repo.state === 'gone' || pull.state !== 'open') return undefined
  // A person has just pushed: the gates judge that first.
  return isInReview(item) && item.headSha === pull.headSha ? { repo, item, pull } : undefined
}

const isInReview = ({ state }: ItemRow) => state === 'reviewing' || state === 'approved'

/** The head of the base branch after a fetch; undefined when it is gone: the event of that holds its items. */
async function baseOf(
  context: PullRequestContext,
  repo: RepositoryRow,
  item: ItemRow,
  control: BareClone,
): Promise<Sha | undefined> {
  try {
    await refreshSettings(context.store, repo, control)
  } catch (error) {
    if (!(error instanceof BaseBranchDeleted)) throw error
  }
  return control.remoteHead(validBranch(item.baseBranch))
}

async function join(
  context: PullRequestContext,
  { repo, item, pull }: Subject,
  control: BareClone,
  base: Sha,
): Promise<JoinResult> {
  const { branches, commits } = settingsOf(repo)
  // A commit that GitHub makes goes on top of what is there: it cannot take the place of another one.
  const how = branches.update === 'rebase' && !commits.verified ? 'rebase' : 'merge'
  const author = await context.github.author(repo)
  const title = commitSubject(item.title)
  const message =
    how === 'rebase'
      ? `${title}\n\nIssue: #${item.issueNumber}`
      : `Merge ${item.baseBranch} into ${item.branch}\n\nIssue: #${item.issueNumber}`
  return control.join({ ours: sha(pull.headSha), theirs: base, author, message, how })
}

/** GitHub thought otherwise a moment ago; a merge that was asked for is tried once more by the next event. */
async function upToDate(tx: Tx, item: ItemRow, pull: PullRow): Promise<void> {
  if (pull.mergeSha === null) return
  await requestStatusComment(tx, await updateReason(tx, item, { why: alreadyUpToDate }), 'now')
}

/** The new head is judged like any other, and pushed when it has passed. */
async function updated(
  tx: Tx,
  item: ItemRow,
  pull: PullRow,
  { base, result }: { base: Sha; result: Extract<JoinResult, { kind: 'joined' }> },
): Promise<void> {
  const row = { pullRequestId: pull.id, baseSha: base, fromSha: pull.headSha, toSha: result.sha, how: result.how }
  await saveBranchUpdate(tx, { ...row, paths: [] })
  await cancelMergeRequest(tx, pull.id)
  const by = { actor: 'tutti', why: broughtUpToDate(item.baseBranch, base, result.how), set: { headSha: result.sha } }
  const reviewing = item.state === 'reviewing' ? item : await transition(tx, item, 'reviewing', by)
  await transition(tx, reviewing, 'checking', by)
  await addUpdateRun(tx, item.id, result.sha)
}

/** The next attempt finds the conflict in its tree; see `runs/bring-in-base.ts`. It has attempts of its own. */
async function toAgent(
  tx: Tx,
  item: ItemRow,
  pull: PullRow,
  { base, paths }: { base: Sha; paths: string[] },
): Promise<void> {
  await saveBranchUpdate(tx, {
    ...{ pullRequestId: pull.id, baseSha: base, fromSha: pull.headSha, toSha: null, how: 'merge' as const, paths },
  })
  await cancelMergeRequest(tx, pull.id)
  const last = (await buildsOf(tx.db, item.id)).at(-1)
  const why = conflictFound(item.baseBranch, paths)
  const set = { freshSince: last?.id ?? item.freshSince }
  await requestStatusComment(tx, await transition(tx, item, 'ready', { actor: 'tutti', why, set }), 'soon')
}

export const updateBranchJob = defineJob(
  {
    queue: 'update-branch',
    payload: z.object({ pullRequestId: z.number().int() }),
    // One after another, in the order in which they were asked for: that of their dependencies.
    batch: 1,
    onFinalFailure: holdItem,
  },
  updateBranch,
)
