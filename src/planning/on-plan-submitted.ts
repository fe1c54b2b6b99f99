/** Reacts to the submission of a planning run: asks its questions, or shows its plan, which is built or waits for approval. */

import { z } from 'zod'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { requestPlanComment } from '../db/plan-comment.ts'
import { addPlan, approvePlan } from '../db/plans.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { closeRun, getRun } from '../db/runs.ts'
import { type ItemRow, lockItem, transition } from '../db/work-items.ts'
import { type PlanOrBreakdown, storedSubmission } from '../domain/plan.ts'
import * as messages from '../messages/planning.ts'
import { questionsComment } from '../messages/plans.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { askPeople } from './ask-people.ts'
import { reasonForApproval } from './needs-approval.ts'

/**
 * Handler of the `on-plan-submitted` queue. The run counts as live until here, so that no other run plans the same item. A
 * second time changes nothing, since the run has ended then.
 * @param attempt.last whether this is the last attempt of the job: then the run ends even when it fails.
 */
export async function onPlanSubmitted(
  { store }: { store: Store },
  job: { runId: number },
  attempt: { last: boolean } = { last: false },
): Promise<void> {
  try {
    await store.transaction((tx) => processSubmission(tx, job.runId))
  } catch (error) {
    if (attempt.last) await store.transaction((tx) => closeRun(tx, job.runId))
    throw error
  }
}

async function processSubmission(tx: Tx, runId: number): Promise<void> {
  const run = await getRun(tx.db, runId)
  const item = run && (await lockItem(tx, run.workItemId))
  const repo = item && (await getRepository(tx.db, item.repositoryId))
  if (!run || !repo || !item || !(await closeRun(tx, runId))) return
  // The item was set aside or planned again meanwhile: this submission no longer counts.
  if (item.state !== 'planning' || run.stop) return
  const submission = storedSubmission(run.submission)
  if (!submission) throw new Error(`run ${run.id} has handed in nothing that can be read`)
  const settings = repo.settings ?? defaultSettings()
  const planned = { repo, item, settings }
  if (submission.kind === 'questions') await askQuestions(tx, planned, submission.questions)
  else await showPlan(tx, planned, submission, run.id)
}

interface PlannedItem {
  repo: RepositoryRow
  item: ItemRow
  settings: Settings
}

async function askQuestions(tx: Tx, { item, settings }: PlannedItem, asked: string[]): Promise<void> {
  await askPeople(tx, item, {
    asked,
    why: messages.questionsAsked(asked.length),
    text: (round) => questionsComment({ asked, round: round - item.planningRoundsOffset }, settings.planning.questions),
  })
}

async function showPlan(
  tx: Tx,
  { item, settings }: PlannedItem,
  content: PlanOrBreakdown,
  runId: number,
): Promise<void> {
  const plan = await addPlan(tx, item, content, runId)
  const because = reasonForApproval(content, settings.planning, item.effort)
  await requestPlanComment(tx, plan.id, because)
  if (because !== undefined) {
    await transition(tx, item, 'plan-review', { actor: 'tutti', why: messages.planWaitsForApproval(because) })
    return
  }
  const set = await approvePlan(tx, item, plan)
  await transition(tx, item, 'ready', { actor: 'tutti', why: messages.planNeedsNoApproval, set })
}

export const onPlanSubmittedJob = defineJob(
  { queue: 'on-plan-submitted', payload: z.object({ runId: z.number().int() }), onFinalFailure: holdItem },
  onPlanSubmitted,
)
