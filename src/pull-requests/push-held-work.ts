/** An item is held after its attempts: its last commit goes to the server as a draft, so that a person can take it over. */

import { z } from 'zod'
import { defineJob } from '../db/define-job.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings } from '../db/repository-settings.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, lockItem } from '../db/work-items.ts'
import { commitSubject } from '../domain/commit-message.ts'
import { mayLeave } from '../domain/held-work.ts'
import type { Gate } from '../gates/gate.ts'
import { validBranch } from '../git/names.ts'
import { sha } from '../lib/ids.ts'
import { heldDraft } from '../messages/held.ts'
import type { PullRequestContext } from './context.ts'
import { checkRunOf, requestCheckRun } from './evidence.ts'
import { describePullRequest } from './open-pull-request.ts'

interface HeldWorkContext extends PullRequestContext {
  gates: readonly Gate[]
}

/**
 * Handler of the `push-held-work` queue. A second time changes nothing. A push that the server refuses leaves the item as
 * it is: its issue shows the log in any case.
 */
async function pushHeldWork(context: HeldWorkContext, job: { workItemId: number }): Promise<void> {
  const { db } = context.store
  const item = await getItem(db, job.workItemId)
  const repo = item && (await getRepository(db, item.repositoryId))
  if (item?.state !== 'held' || !item.headSha || !repo || repo.state === 'gone') return
  const runCode = context.gates.filter((gate) => gate.looksAt === 'code').map((gate) => gate.id)
  if (!mayLeave(await gateRows(db, item.id, item.headSha), new Set(runCode))) return
  try {
    await push(context, repo, item)
  } catch (error) {
    if (!(error instanceof BaseBranchDeleted)) throw error
  }
}

async function push(context: HeldWorkContext, repo: RepositoryRow, item: ItemRow): Promise<void> {
  const control = await context.control(repo)
  const head = sha(item.headSha ?? '')
  const { base } = await refreshSettings(context.store, repo, control)
  const outcome = await control.push(validBranch(item.branch), head, { expected: 'any-ancestor' })
  if (outcome.kind === 'refused' || outcome.kind === 'moved') {
    context.log.warn({ issue: item.issueNumber, outcome }, 'the work of a held item could not be pushed')
    return
  }
  const { fork, body } = await describePullRequest(context, control, { repo, item, base: sha(base), head })
  const checkRun = await checkRunOf(context.store, control, { repo, item, base: fork, head })
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== 'held' || current.headSha !== head) return
    const pull = await pullOfItem(tx.db, item.id)
    // One that people have seen stays as they know it.
    if (pull?.state !== 'open') {
      const title = commitSubject(item.title)
      const payload = {
        branch: item.branch,
        base: item.baseBranch,
        title,
        body: heldDraft(body),
        sha: head,
        draft: true,
      }
      const target = { repositoryId: repo.id, workItemId: item.id, key: `pull:${item.id}` }
      await enqueueEffect(tx, target, { kind: 'pull-request', payload })
    }
    await requestCheckRun(tx, item, checkRun)
    await requestStatusComment(tx, current, 'soon')
  })
}

export const pushHeldWorkJob = defineJob(
  { queue: 'push-held-work', payload: z.object({ workItemId: z.number().int() }) },
  pushHeldWork,
)
