/** A planning run has handed something in: its questions are asked, its plan is shown, and is built or waits for a word. */

import { z } from 'zod'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { addPlan, addRound, approvePlan, planKey, questionsKey } from '../db/plans.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { closeRun, getRun } from '../db/runs.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { type PlanOrBreakdown, storedSubmission } from '../domain/plan.ts'
import { planComment, questionsComment } from '../messages/plans.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { reasonForApproval } from './needs-approval.ts'

/**
 * Handler of the `on-plan-submitted` queue. Until here the run counts as live, so that nobody plans the same item meanwhile; a
 * second time changes nothing, since it has ended then.
 * @param attempt.last whether nobody will try again: then the run ends all the same.
 */
export async function onPlanSubmitted(
  { store }: { store: Store },
  job: { runId: number },
  attempt: { last: boolean } = { last: false },
): Promise<void> {
  try {
    await store.transaction((tx) => takeUp(tx, job.runId))
  } catch (error) {
    if (attempt.last) await store.transaction((tx) => closeRun(tx, job.runId))
    throw error
  }
}

async function takeUp(tx: Tx, runId: number): Promise<void> {
  const run = await getRun(tx.db, runId)
  const item = run && (await lockItem(tx, run.workItemId))
  const repo = item && (await getRepository(tx.db, item.repositoryId))
  if (!run || !repo || !item || !(await closeRun(tx, runId))) return
  // Moved aside or planned anew meanwhile: what this run found is no longer wanted.
  if (item.state !== 'planning' || run.stop) return
  const submission = storedSubmission(run.submission)
  if (!submission) throw new Error(`run ${run.id} has handed in nothing that can be read`)
  const settings = repo.settings ?? defaultSettings()
  if (submission.kind === 'questions') await ask(tx, repo, item, submission.questions, settings)
  else await show(tx, repo, item, { content: submission, runId: run.id }, settings)
}

async function ask(tx: Tx, repo: RepositoryRow, item: ItemRow, asked: string[], settings: Settings): Promise<void> {
  const round = await addRound(tx, item, asked)
  const body = questionsComment({ asked, round: round.round - item.planningRoundsOffset }, settings.planning.questions)
  await enqueueEffect(
    tx,
    { repositoryId: repo.id, workItemId: item.id, key: questionsKey(round.id) },
    {
      kind: 'comment',
      payload: { issueNumber: item.issueNumber, body },
    },
  )
  const count = asked.length === 1 ? 'a question that is' : `${asked.length} questions that are`
  const why = `Before this is planned there ${asked.length === 1 ? 'is' : 'are'} ${count} asked in a comment of their own.`
  await transition(tx, item, 'asking', { actor: 'tutti', why })
}

async function show(
  tx: Tx,
  repo: RepositoryRow,
  item: ItemRow,
  { content, runId }: { content: PlanOrBreakdown; runId: number },
  settings: Settings,
): Promise<void> {
  const plan = await addPlan(tx, item, content, runId)
  const asks = reasonForApproval(content, settings.planning)
  await enqueueEffect(
    tx,
    { repositoryId: repo.id, workItemId: item.id, key: planKey(plan.id) },
    { kind: 'comment', payload: { issueNumber: item.issueNumber, body: planComment(plan, asks) } },
  )
  if (asks !== undefined) {
    const why = `The plan is in a comment of its own. You are asked because ${asks}. \`/approve\` goes on, \`/reject\` with the reason has it planned again.`
    await transition(tx, item, 'plan-review', { actor: 'tutti', why })
    return
  }
  const set = await approvePlan(tx, item, plan)
  const why = 'The plan is small and sure enough to be built without asking.'
  await transition(tx, item, 'ready', { actor: 'tutti', why, set })
}

export const onPlanSubmittedJob = defineJob(
  { queue: 'on-plan-submitted', payload: z.object({ runId: z.number().int() }), onFinalFailure: holdItem },
  onPlanSubmitted,
)
