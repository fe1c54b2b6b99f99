/** Starts the agent of a round of proposals, inside the limits that hold for every start. */

import { z } from 'zod'
import { assignMember } from '../crew/assign.ts'
import { defineJob } from '../db/define-job.ts'
import { lockSchedule } from '../db/dirty-items.ts'
import { lockProposalRound, updateProposalRound } from '../db/proposals.ts'
import { servedRepositories } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { addRun, liveRun } from '../db/runs.ts'
import { lockItem } from '../db/work-items.ts'
import { chooseArchitect } from '../domain/choose-agent.ts'
import { isInactive } from '../domain/lifecycle.ts'
import { currentTime } from '../lib/clock.ts'
import { proposalsWait } from '../messages/proposals.ts'
import { isAdmitted, type StartContext, startLater } from './admit-side-run.ts'

/**
 * Starts the run of a round that waits for one.
 * @returns the run; undefined when the round is at work or over, or its roadmap is set aside: then the round has failed.
 * @throws {RetryAfter} while no other agent may start.
 */
export async function startProposals(context: StartContext, { roundId }: { roundId: number }) {
  const started = await context.store.transaction(async (tx) => {
    // In the order of a pass of the scheduler: its lock, then the item.
    await lockSchedule(tx)
    const round = await lockProposalRound(tx, roundId)
    if (round?.state !== 'wanted') return undefined
    const item = await lockItem(tx, round.workItemId)
    const repos = new Map((await servedRepositories(tx.db)).map((row) => [row.id, row]))
    const repo = item && repos.get(item.repositoryId)
    if (!item || !repo || item.state === 'done' || isInactive(item.state)) {
      await updateProposalRound(tx, roundId, { state: 'failed', endedAt: currentTime() })
      return undefined
    }
    const agent = chooseArchitect(settingsOf(repo), context.env)
    const facts = { purpose: 'propose' as const, countsAsAttempt: false }
    const waits = repo.state === 'paused' || (await liveRun(tx.db, item.id)) !== undefined
    if (waits || !(await isAdmitted(context, tx, repos, { repo, item, agent, purpose: facts.purpose }))) return 'later'
    const member = await assignMember(tx, repo, item, { role: 'architect', agent, fresh: false })
    const run = await addRun(tx, item.id, { agent, feedback: '', cleanWorktree: false, ...facts, ...member })
    await updateProposalRound(tx, roundId, { state: 'running', runId: run.id, starts: round.starts + 1 })
    return run.id
  })
  if (started === 'later') throw startLater(proposalsWait)
  return started
}

export const startProposalsJob = defineJob(
  { queue: 'start-proposals', payload: z.object({ roundId: z.number().int() }), batch: 1 },
  async (
    { scheduler }: { scheduler: { startProposals(job: { roundId: number }): Promise<void> } },
    job,
  ): Promise<void> => scheduler.startProposals(job),
)
