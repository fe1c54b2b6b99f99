/** Reacts to the end of a review by an agent: people get to read it, and it may go back to the agent that built the change. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { type PullRow, pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { wasRestarted } from '../db/restarts.ts'
import { lastVerdicts } from '../db/reviews.ts'
import { agentReviewsOf, buildsOf, getRun, type RunRow } from '../db/runs.ts'
import { runs } from '../db/schema/runs.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, lockItem, notifyReviewers } from '../db/work-items.ts'
import { type AgentReview, mustsOf, storedReview, wasSentBack } from '../domain/agent-review.ts'
import { reviewStates } from '../domain/lifecycle.ts'
import * as messages from '../messages/agent-review.ts'
import { sendBack } from './send-back.ts'

/** A review that is lost with its process is begun this often; then the pull request goes on without it. */
const mostStarts = 3

interface Reviewed {
  run: RunRow
  item: ItemRow
  pull: PullRow
  settings: Settings
}

/** Handler of the `on-agent-review` queue. A second time changes nothing. */
export async function onAgentReview({ store }: { store: Store }, job: { runId: number }): Promise<void> {
  await store.transaction(async (tx) => {
    const run = await getRun(tx.db, job.runId)
    const item = run && (await lockItem(tx, run.workItemId))
    const pull = item && (await pullOfItem(tx.db, item.id))
    // The pull request has moved on: what was found in another commit may be mended.
    if (!run || !item || pull?.state !== 'open' || pull.headSha !== run.headSha) return
    if (!reviewStates.includes(item.state)) return
    const settings = settingsOf(await getRepository(tx.db, item.repositoryId))
    await ended(tx, { run, item, pull, settings })
  })
}

async function ended(tx: Tx, reviewed: Reviewed): Promise<void> {
  const { run, item, pull } = reviewed
  const review = run.outcome === 'reviewed' ? storedReview(run.submission) : undefined
  if (review) return show(tx, reviewed, review)
  const starts = (await agentReviewsOf(tx.db, item.id)).filter(({ headSha }) => headSha === pull.headSha)
  // A person has asked for another one in its place.
  const again = await wasRestarted(tx.db, run.id)
  if (again || (run.outcome === 'runner lost' && starts.length < mostStarts))
    return tx.enqueue({ queue: 'start-review', workItemId: item.id, sha: pull.headSha })
  await requestStatusComment(tx, item, 'soon')
  await notifyReviewers(tx, item)
}

async function show(tx: Tx, reviewed: Reviewed, review: AgentReview): Promise<void> {
  const { run, item, pull } = reviewed
  const key = `agent-review:${pull.id}:${pull.headSha}`
  const back = wasSentBack(run) || (await handBack(tx, reviewed, review))
  const text = messages.agentReviewBody(run, review, back)
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key },
    { kind: 'agent-review', payload: { pullNumber: pull.number, sha: pull.headSha, ...text } },
  )
  if (back) return
  await requestStatusComment(tx, item, 'soon')
  await notifyReviewers(tx, item)
}

/**
 * Gives what must change to the agent that built it, so often as the settings allow. People go first: where one has
 * reviewed this head, or asked for its merge, nothing is taken from their hands.
 * @returns whether it went back.
 */
async function handBack(tx: Tx, { run, item, pull, settings }: Reviewed, review: AgentReview): Promise<boolean> {
  const reviewer = settings.roles?.reviewer
  const musts = mustsOf(review)
  if (!reviewer?.sendBack || musts.length === 0 || item.state !== 'reviewing' || pull.mergeSha !== null) return false
  if ((await lastVerdicts(tx.db, pull.id)).some(({ sha }) => sha === pull.headSha)) return false
  const rounds = (await agentReviewsOf(tx.db, item.id)).filter(wasSentBack).length
  const last = (await buildsOf(tx.db, item.id)).at(-1)
  if (rounds >= reviewer.rounds || !last) return false
  const lesson = messages.agentReviewLesson(pull.headSha, musts)
  await tx.db.update(runs).set({ lesson, nextCleanWorktree: false }).where(eq(runs.id, last.id))
  await tx.db.update(runs).set({ lesson }).where(eq(runs.id, run.id))
  return sendBack(tx, pull, item, { actor: 'tutti', why: messages.agentReviewAsks(run, musts.length, pull.number) })
}

export const onAgentReviewJob = defineJob(
  { queue: 'on-agent-review', payload: z.object({ runId: z.number().int() }) },
  onAgentReview,
)
