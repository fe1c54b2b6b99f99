/** Reacts to the end of a run that proposes: its proposals are shown in one comment, and wait for a person. */

import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import {
  lockProposalRound,
  type ProposalRound,
  proposalsOf,
  replaceProposals,
  roundOfRun,
  updateProposalRound,
} from '../db/proposals.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { wasRestarted } from '../db/restarts.ts'
import { getRun, type RunRow } from '../db/runs.ts'
import { replyOnItem } from '../db/status-comment.ts'
import { type ItemRow, lockItem, unfinishedItemsOf } from '../db/work-items.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { newProposals, storedProposals } from '../domain/proposals.ts'
import { currentTime } from '../lib/clock.ts'
import * as messages from '../messages/proposals.ts'
import { showProposals } from './proposal-comment.ts'

/** A run that is lost with its process is begun this often. */
const mostStarts = 3

/** Handler of the `on-proposals-submitted` queue. A second time changes nothing. */
export async function onProposalsSubmitted({ store }: { store: Store }, job: { runId: number }): Promise<void> {
  await store.transaction(async (tx) => {
    const run = await getRun(tx.db, job.runId)
    const item = run && (await lockItem(tx, run.workItemId))
    const found = run && (await roundOfRun(tx.db, run.id))
    const round = found && (await lockProposalRound(tx, found.id))
    if (run && item && round?.state === 'running' && round.runId === run.id) await end(tx, { run, item, round })
  })
}

async function end(tx: Tx, { run, item, round }: { run: RunRow; item: ItemRow; round: ProposalRound }): Promise<void> {
  const endedAt = currentTime()
  if (isTerminal(item)) return updateProposalRound(tx, round.id, { state: 'failed', endedAt })
  const { prefix } = settingsOf(await getRepository(tx.db, item.repositoryId))
  const proposed = run.outcome === 'proposed' ? storedProposals(run.submission) : undefined
  if (!proposed) {
    const isLost = run.outcome === 'runner lost' && round.starts < mostStarts
    if (isLost || (await wasRestarted(tx.db, run.id))) {
      await updateProposalRound(tx, round.id, { state: 'wanted', runId: null })
      return tx.enqueue({ queue: 'start-proposals', roundId: round.id })
    }
    await updateProposalRound(tx, round.id, { state: 'failed', endedAt })
    return replyOnItem(tx, item, messages.proposalsFailed(run.stop ?? run.summary, prefix))
  }
  await updateProposalRound(tx, round.id, { state: 'done', endedAt })
  const fresh = newProposals(proposed, await knownIssues(tx, item))
  if (fresh.length === 0) return replyOnItem(tx, item, messages.noNewProposals(run))
  await replaceProposals(tx, round, fresh)
  await showProposals(tx, item, prefix)
}

/** Open issues, and what was adopted here before. */
async function knownIssues(tx: Tx, item: ItemRow): Promise<{ issueNumber: number; title: string }[]> {
  const adopted = (await proposalsOf(tx.db, item.id)).filter(({ state }) => state === 'adopted')
  // One whose issue is being made has no number yet; nothing can depend on 0.
  const made = adopted.map(({ issueNumber, title }) => ({ issueNumber: issueNumber ?? 0, title }))
  return [...(await unfinishedItemsOf(tx.db, item.repositoryId)), ...made]
}

export const onProposalsSubmittedJob = defineJob(
  { queue: 'on-proposals-submitted', payload: z.object({ runId: z.number().int() }) },
  onProposalsSubmitted,
)
