/** Starts the review of a pull request by an agent, inside the limits that hold for every start. */

import { z } from 'zod'
import { assignMember } from '../crew/assign.ts'
import type { Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { lockSchedule } from '../db/dirty-items.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { type RepositoryRow, servedRepositories } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { wasRestarted } from '../db/restarts.ts'
import { addRun, agentReviewsOf, buildsOf, liveRun } from '../db/runs.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { type ItemRow, lockItem, notifyReviewers } from '../db/work-items.ts'
import { chooseReviewer } from '../domain/choose-agent.ts'
import { reviewStates } from '../domain/lifecycle.ts'
import { agentRunOf } from '../domain/run-author.ts'
import { reviewWaits } from '../messages/agent-review.ts'
import { isAdmitted, type StartContext, startLater } from './admit-side-run.ts'

/**
 * Starts the review of one head, unless the pull request has moved on, or an agent has reviewed it.
 * @returns the run; undefined when there is nothing to review.
 * @throws {RetryAfter} while no other agent may start, or another one is at the item.
 */
export async function startReview(
  context: StartContext,
  { workItemId, sha }: { workItemId: number; sha: string },
): Promise<number | undefined> {
  const started = await context.store.transaction(async (tx) => {
    // In the order of a pass of the scheduler: its lock, then the item.
    await lockSchedule(tx)
    const item = await lockItem(tx, workItemId)
    const repos = new Map((await servedRepositories(tx.db)).map((row) => [row.id, row]))
    const repo = item && repos.get(item.repositoryId)
    if (!item || !repo || !(await isWanted(tx, item, repo, sha))) return undefined
    const built = agentRunOf(await buildsOf(tx.db, item.id), sha)
    const agent = chooseReviewer(settingsOf(repo), built?.agent ?? '', context.env)
    // The review of the head before may be ending still.
    if (await liveRun(tx.db, item.id)) return 'later'
    const facts = { purpose: 'review' as const, headSha: sha, countsAsAttempt: false }
    if (!(await isAdmitted(context, tx, repos, { repo, item, agent, purpose: facts.purpose }))) return 'later'
    const member = await assignMember(tx, repo, item, { role: 'reviewer', agent, fresh: false })
    const run = await addRun(tx, item.id, { agent, feedback: '', cleanWorktree: false, ...facts, ...member })
    await requestStatusComment(tx, item, 'soon')
    await notifyReviewers(tx, item)
    return run.id
  })
  if (started === 'later') throw startLater(reviewWaits)
  return started
}

/** A review that was lost with its process, or that a person has restarted, is begun again; one that has ended otherwise is not. */
async function isWanted(tx: Tx, item: ItemRow, repo: RepositoryRow, sha: string): Promise<boolean> {
  const pull = await pullOfItem(tx.db, item.id)
  if (!settingsOf(repo).roles?.reviewer || !reviewStates.includes(item.state)) return false
  if (pull?.state !== 'open' || pull.headSha !== sha) return false
  const before = (await agentReviewsOf(tx.db, item.id)).filter(({ headSha }) => headSha === sha)
  for (const { id, outcome } of before) if (outcome !== 'runner lost' && !(await wasRestarted(tx.db, id))) return false
  return true
}

export const startReviewJob = defineJob(
  { queue: 'start-review', payload: z.object({ workItemId: z.number().int(), sha: z.string() }), batch: 1 },
  async (
    { scheduler }: { scheduler: { startReview(job: { workItemId: number; sha: string }): Promise<void> } },
    job,
  ): Promise<void> => scheduler.startReview(job),
)
