/** A planning run has handed something in: its questions are asked, its plan is shown, and is built or waits for a word. */

import { defaultSettings, type Settings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { want } from '../db/outbox.ts'
import { addPlan, addRound, notePlanApproved, planKey, questionsKey } from '../db/plans.ts'
import { closeRun, getRun } from '../db/runs.ts'
import { advance, getSystem, type ItemRow, lockItem, type SystemRow } from '../db/work-items.ts'
import { type Planned, storedSubmission } from '../domain/plan.ts'
import { planComment, questionsComment } from '../messages/plans.ts'
import { whyAsk } from './needs-approval.ts'

/**
 * Handler of the `planned` queue. Until here the run counts as live, so that nobody plans the same item meanwhile; a
 * second time changes nothing, since it has ended then.
 * @param attempt.last whether nobody will try again: then the run ends all the same.
 */
export async function planned(
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
  const system = item && (await getSystem(tx.db, item.systemId))
  if (!run || !system || !item || !(await closeRun(tx, runId))) return
  // Moved aside or planned anew meanwhile: what this run found is no longer wanted.
  if (item.state !== 'planning' || run.stop) return
  const submission = storedSubmission(run.submission)
  if (!submission) throw new Error(`run ${run.id} has handed in nothing that can be read`)
  const settings = system.settings ?? defaultSettings()
  if (submission.kind === 'questions') await ask(tx, system, item, submission.questions, settings)
  else await show(tx, system, item, { content: submission, runId: run.id }, settings)
}

async function ask(tx: Tx, system: SystemRow, item: ItemRow, asked: string[], settings: Settings): Promise<void> {
  const round = await addRound(tx, item, asked)
  const body = questionsComment({ asked, round: round.round - item.roundsBefore }, settings.planning.questions)
  await want(
    tx,
    { systemId: system.id, workItemId: item.id, key: questionsKey(round.id) },
    {
      kind: 'comment',
      payload: { issueNumber: item.issueNumber, body },
    },
  )
  const count = asked.length === 1 ? 'a question that is' : `${asked.length} questions that are`
  const why = `Before this is planned there ${asked.length === 1 ? 'is' : 'are'} ${count} asked in a comment of their own.`
  await advance(tx, item, 'asking', { actor: 'tutti', why })
}

async function show(
  tx: Tx,
  system: SystemRow,
  item: ItemRow,
  { content, runId }: { content: Planned; runId: number },
  settings: Settings,
): Promise<void> {
  const plan = await addPlan(tx, item, content, runId)
  const asks = whyAsk(content, settings.planning)
  await want(
    tx,
    { systemId: system.id, workItemId: item.id, key: planKey(plan.id) },
    { kind: 'comment', payload: { issueNumber: item.issueNumber, body: planComment(plan, asks) } },
  )
  if (asks !== undefined) {
    const why = `The plan is in a comment of its own. You are asked because ${asks}. \`/approve\` goes on, \`/reject\` with the reason has it planned again.`
    await advance(tx, item, 'proposed', { actor: 'tutti', why })
    return
  }
  const set = await notePlanApproved(tx, item, plan)
  const why = 'The plan is small and sure enough to be built without asking.'
  await advance(tx, item, 'ready', { actor: 'tutti', why, set })
}
