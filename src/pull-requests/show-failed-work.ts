/**
 * Shows people a commit that gates have refused: with a check run where it is on the server; and where its item is held,
 * as a draft, so that a person can take it over.
 */

import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings } from '../db/repository-settings.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, lockItem } from '../db/work-items.ts'
import { commitSubject } from '../domain/commit-message.ts'
import { mayLeave } from '../domain/held-work.ts'
import type { Gate } from '../gates/gate.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { requireCommit } from '../git/one-of-several.ts'
import { sha } from '../lib/ids.ts'
import { heldDraft } from '../messages/held.ts'
import type { PullRequestContext } from './context.ts'
import { checkRunOf, requestCheckRun } from './evidence.ts'
import { isDraft } from './open-draft.ts'
import { afterMerged, describePullRequest, type Work } from './open-pull-request.ts'

interface FailedWorkContext extends PullRequestContext {
  gates: readonly Gate[]
}

/**
 * Handler of the `show-failed-work` queue. A second time changes nothing. A push that the server refuses leaves the item as
 * it is: its issue shows the log in any case.
 */
async function showFailedWork(context: FailedWorkContext, job: { workItemId: number }): Promise<void> {
  const { db } = context.store
  const item = await getItem(db, job.workItemId)
  const repo = item && (await getRepository(db, item.repositoryId))
  if (!item?.headSha || !repo || repo.state === 'gone') return
  const results = await gateRows(db, item.id, item.headSha)
  if (!results.some(({ verdict }) => verdict === 'fail')) return
  const runCode = new Set(context.gates.filter((gate) => gate.looksAt === 'code').map((gate) => gate.id))
  try {
    const control = await context.control(repo)
    const { base } = await refreshSettings(context.store, repo, control)
    const work = { repo, item, base: sha(base), head: sha(item.headSha) }
    await requireCommit(control, work.head, validBranch(item.branch))
    // A commit that people have pushed is there, whatever it holds.
    const isThere = (await control.remoteHead(validBranch(item.branch))) === item.headSha
    const leaves = item.state === 'held' && mayLeave(results, runCode) && (await push(context, control, work))
    if (isThere || leaves) await publish(context, control, { ...work, draft: leaves })
  } catch (error) {
    if (!(error instanceof BaseBranchDeleted)) throw error
  }
}

/** @returns whether the commit is on the server now. */
async function push(context: FailedWorkContext, control: BareClone, { item, head }: Work): Promise<boolean> {
  const outcome = await control.push(validBranch(item.branch), head, { expected: 'any-ancestor' })
  const refused = outcome.kind === 'refused' || outcome.kind === 'moved'
  if (refused) context.log.warn({ issue: item.issueNumber, outcome }, 'the work of a held item could not be pushed')
  return !refused
}

async function publish(
  context: FailedWorkContext,
  control: BareClone,
  { draft, ...work }: Work & { draft: boolean },
): Promise<void> {
  const { repo, item, head } = work
  const { fork, body } = await describePullRequest(context, control, work)
  const checkRun = await checkRunOf(context, control, { repo, item, base: fork, head })
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (!current || current.headSha !== head) return
    await requestCheckRun(tx, item, checkRun)
    const pull = await pullOfItem(tx.db, item.id)
    // One that was ready for review stays as people know it.
    if (draft && current.state === 'held' && (pull?.state !== 'open' || (await isDraft(tx.db, item)))) {
      const title = commitSubject(item.title)
      const text = { title, body: heldDraft(body), sha: head, draft }
      const payload = { branch: item.branch, base: item.baseBranch, ...text, ...(await afterMerged(tx, item)) }
      const target = { repositoryId: repo.id, workItemId: item.id, key: `pull:${item.id}` }
      await enqueueEffect(tx, target, { kind: 'pull-request', payload })
    }
    if (current.state === 'held') await requestStatusComment(tx, current, 'soon')
  })
}

export const showFailedWorkJob = defineJob(
  { queue: 'show-failed-work', payload: z.object({ workItemId: z.number().int() }) },
  showFailedWork,
)
