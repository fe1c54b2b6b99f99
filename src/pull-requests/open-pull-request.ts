/** The gates passed: pushes the branch, and requests a pull request and a check run with the results. */

import { z } from 'zod'
import { defaultSettings } from '../config/settings.ts'
import { defineJob } from '../db/define-job.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { gateRows } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings } from '../db/repository-settings.ts'
import { buildsOf, type RunRow } from '../db/runs.ts'
import { getItem, type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { commitSubject } from '../domain/commit-message.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { checkRunReport } from '../messages/check-run.ts'
import { pullRequestBody } from '../messages/pull-request-body.ts'
import { branchPushedByOthers } from '../messages/pull-requests.ts'
import { pullRequestBaseMissing } from '../messages/repositories.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'
import { pushRefused } from './push-refused.ts'
import { wantVerifiedCommit } from './verified-commit.ts'

/** Handler of the `open-pull-request` queue. A second time changes nothing. */
export async function openPullRequest(context: PullRequestContext, job: { workItemId: number }): Promise<void> {
  const item = await getItem(context.store.db, job.workItemId)
  if (item?.state !== 'checking' || !item.headSha) return
  const repo = await getRepository(context.store.db, item.repositoryId)
  if (!repo) return
  const control = await context.control(repo)
  const head = sha(item.headSha)
  try {
    const { base, settings } = await refreshSettings(context.store, repo, control)
    if (settings.commits.verified && (await wantVerifiedCommit(context, control, repo, item))) return
    const outcome = await control.push(validBranch(item.branch), head, { expected: 'any-ancestor' })
    if (outcome.kind === 'refused') await pushRefused(context, repo, item, outcome.refusal)
    else if (outcome.kind === 'moved') await hold(context, item, branchPushedByOthers(item.branch))
    else await requestPullRequest(context, control, { repo, item, base: sha(base) })
  } catch (error) {
    if (!(error instanceof BaseBranchDeleted)) throw error
    await hold(context, item, pullRequestBaseMissing(error.message))
  }
}

async function requestPullRequest(
  context: PullRequestContext,
  control: BareClone,
  { repo, item, base }: { repo: RepositoryRow; item: ItemRow; base: Sha },
): Promise<void> {
  const head = sha(item.headSha ?? '')
  const fork = (await control.mergeBase(base, head)) ?? base
  const changes = await control.changes(fork, head)
  const attempts = await buildsOf(context.store.db, item.id)
  const gates = await gateRows(context.store.db, item.id, head)
  const settings = repo.settings ?? defaultSettings()
  const last = lastBuild(attempts)
  const body = pullRequestBody({
    issueNumber: item.issueNumber,
    summary: last?.summary ?? '',
    agent: last?.agent ?? 'a person',
    attempts: attempts.length,
    changes,
    ignored: last?.ignoredFiles ?? [],
    gates,
    headSha: head,
    sandboxed: last?.sandboxed ?? false,
    mergeWhen: settings.merge.when,
  })
  const report = checkRunReport(gates, head)
  const waits = gates.some((gate) => gate.verdict === 'needs-approval')
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== 'checking' || current.headSha !== head) return
    const target = { repositoryId: repo.id, workItemId: item.id }
    await enqueueEffect(
      tx,
      { ...target, key: `pull:${item.id}` },
      {
        kind: 'pull-request',
        payload: { branch: item.branch, base: current.baseBranch, title: commitSubject(item.title), body, sha: head },
      },
    )
    await enqueueEffect(
      tx,
      { ...target, key: `check:${item.id}:${head}` },
      {
        kind: 'check-run',
        payload: { sha: head, name: 'Tutti', conclusion: waits ? 'neutral' : 'success', ...report },
      },
    )
  })
}

/** The last finished attempt of an agent. */
function lastBuild(attempts: RunRow[]): RunRow | undefined {
  return attempts.findLast((run) => run.agent !== 'person' && run.outcome === 'finished')
}

async function hold(context: PullRequestContext, item: ItemRow, why: string): Promise<void> {
  await context.store.transaction((tx) => transition(tx, item, 'held', { actor: 'tutti', why }))
}

export const openPullRequestJob = defineJob(
  { queue: 'open-pull-request', payload: z.object({ workItemId: z.number().int() }), onFinalFailure: holdItem },
  openPullRequest,
)
