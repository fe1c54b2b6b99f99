/** The gates passed: pushes the branch, and requests a pull request and a check run with the results. */

import { z } from 'zod'
import { updateThatMade } from '../db/branch-updates.ts'
import type { Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { picturesOf } from '../db/pictures.ts'
import { approvedPlan } from '../db/plans.ts'
import { gateRows, pullOfItem } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, refreshSettings, settingsOf } from '../db/repository-settings.ts'
import { buildsOf } from '../db/runs.ts'
import { getItem, type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { commitSubject } from '../domain/commit-message.ts'
import { agentRunOf } from '../domain/run-author.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { requireCommit } from '../git/one-of-several.ts'
import type { ExpectedHead } from '../git/push.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { otherCandidates } from '../messages/best-of.ts'
import { agentName } from '../messages/crew.ts'
import { planForAgent } from '../messages/plans.ts'
import { pullRequestBody } from '../messages/pull-request-body.ts'
import { branchPushedByOthers } from '../messages/pull-requests.ts'
import { pullRequestBaseMissing } from '../messages/repositories.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import type { PullRequestContext } from './context.ts'
import { checkRunOf, requestCheckRun } from './evidence.ts'
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
    await requireCommit(control, head, validBranch(item.branch))
    if (settings.commits.verified && (await wantVerifiedCommit(context, control, repo, item))) return
    const expected = await expectedHead(context, item)
    const outcome = await control.push(validBranch(item.branch), head, { expected })
    if (outcome.kind === 'refused') await pushRefused(context, repo, item, outcome.refusal)
    else if (outcome.kind === 'moved') await hold(context, item, branchPushedByOthers(item.branch))
    else await requestPullRequest(context, control, { repo, item, base: sha(base) })
  } catch (error) {
    if (!(error instanceof BaseBranchDeleted)) throw error
    await hold(context, item, pullRequestBaseMissing(error.message))
  }
}

/** Only a rebase of ours, or another candidate, may take the place of what is there, and only of the very head that it is meant for. */
export async function expectedHead({ store }: PullRequestContext, item: ItemRow): Promise<ExpectedHead> {
  const { bestOf } = item
  const used = bestOf?.candidates.find(({ kind }) => kind === bestOf.chosen)
  if (bestOf?.replaces && used?.head === item.headSha) return sha(bestOf.replaces)
  const made = await updateThatMade(store.db, item.headSha ?? '')
  return made?.how === 'rebase' ? sha(made.fromSha) : 'any-ancestor'
}

/** The work of an item, with its head and the base branch. */
export interface Work {
  repo: RepositoryRow
  item: ItemRow
  base: Sha
  head: Sha
}

/** The body of the pull request that shows the work, and the commit where its branch left the base. */
export async function describePullRequest(
  { store, env }: Pick<PullRequestContext, 'store' | 'env'>,
  control: BareClone,
  { repo, item, base, head }: Work,
): Promise<{ body: string; fork: Sha }> {
  const fork = (await control.mergeBase(base, head)) ?? base
  const changes = await control.changes(fork, head)
  const attempts = await buildsOf(store.db, item.id)
  const last = agentRunOf(attempts, head)
  const plan = await approvedPlan(store.db, item)
  const body = pullRequestBody({
    issueNumber: item.issueNumber,
    issueTitle: item.title,
    issueBody: item.body,
    plan: plan && planForAgent(plan),
    summary: last?.summary ?? '',
    agent: last ? agentName(last) : 'a person',
    model: last?.model ?? '',
    provider: last?.provider ?? '',
    attempts,
    changes,
    ignored: last?.ignoredFiles ?? [],
    notes: last?.notes ?? [],
    gates: await gateRows(store.db, item.id, head),
    pictures: await picturesOf(store.db, item.id, head),
    repository: repo.fullName,
    publicUrl: env.PUBLIC_URL,
    headSha: head,
    sandboxed: last?.sandboxed ?? false,
    mergeWhen: settingsOf(repo).merge.when,
    others: await otherCandidatesOf(control, item, { base: fork, head, prefix: settingsOf(repo).prefix }),
  })
  return { body, fork }
}

/** Bytes of the patch of a commit that was not chosen. */
const otherPatchBytes = 15_000

/** What other kinds of agent have made of the item, to be looked at; '' where there is nothing. */
async function otherCandidatesOf(
  control: BareClone,
  { bestOf }: ItemRow,
  { base, head: shown, prefix }: { base: Sha; head: Sha; prefix: string },
): Promise<string> {
  if (!bestOf?.chosen) return ''
  const patches = new Map<string, { text: string; truncated: boolean }>()
  for (const { kind, head, passed } of bestOf.candidates) {
    // A process with another disk takes it over here; where it is nowhere any more, it is named without its patch.
    const other = passed && head && kind !== bestOf.chosen ? await control.resolve(head) : undefined
    const fork = other && ((await control.mergeBase(base, other)) ?? base)
    if (other && fork) patches.set(kind, await control.diff(fork, other, otherPatchBytes))
  }
  const isAsOpened = bestOf.candidates.some(({ kind, head }) => kind === bestOf.chosen && head === shown)
  return otherCandidates(bestOf, patches, { prefix, isAsOpened })
}

async function requestPullRequest(
  context: PullRequestContext,
  control: BareClone,
  { repo, item, base }: Omit<Work, 'head'>,
): Promise<void> {
  const head = sha(item.headSha ?? '')
  const { body, fork } = await describePullRequest(context, control, { repo, item, base, head })
  const checkRun = await checkRunOf(context, control, { repo, item, base: fork, head })
  await context.store.transaction(async (tx) => {
    const current = await lockItem(tx, item.id)
    if (current?.state !== 'checking' || current.headSha !== head) return
    const target = { repositoryId: repo.id, workItemId: item.id }
    await enqueueEffect(
      tx,
      { ...target, key: `pull:${item.id}` },
      {
        kind: 'pull-request',
        payload: {
          ...{ branch: item.branch, base: current.baseBranch, title: commitSubject(item.title), body, sha: head },
          ...(await afterMerged(tx, item)),
        },
      },
    )
    await requestCheckRun(tx, item, checkRun)
  })
}

/** Whether the pull request before is known to be merged: the issue was queued again, and gets another one. */
export async function afterMerged(tx: Tx, item: ItemRow): Promise<{ another?: true }> {
  return (await pullOfItem(tx.db, item.id))?.state === 'merged' ? { another: true } : {}
}

async function hold(context: PullRequestContext, item: ItemRow, why: string): Promise<void> {
  await context.store.transaction((tx) => transition(tx, item, 'held', { actor: 'tutti', why }))
}

export const openPullRequestJob = defineJob(
  { queue: 'open-pull-request', payload: z.object({ workItemId: z.number().int() }), onFinalFailure: holdItem },
  openPullRequest,
)
