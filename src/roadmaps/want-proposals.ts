/** Asks for proposals: a person does on an issue, or the clock on a roadmap, where the settings say how often. */

import type { Store, Tx } from '../db/connect.ts'
import { openRoadmaps } from '../db/epics.ts'
import { addProposalRound, latestProposalRound, openProposalRound } from '../db/proposals.ts'
import { type RepositoryRow, servedRepositories } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { getRun } from '../db/runs.ts'
import { type ItemRow, lockItem } from '../db/work-items.ts'
import { isInactive } from '../domain/lifecycle.ts'
import { proposalDays } from '../domain/proposals.ts'
import { currentTime } from '../lib/clock.ts'

const dayMs = 24 * 3_600_000

/**
 * Asks for a round on a roadmap. Where one is under way, it goes on: a job of it that was lost is queued again.
 * @returns whether it is a new one.
 */
export async function wantProposals(tx: Tx, item: ItemRow, by: { login: string; id: number | null }): Promise<boolean> {
  const added = await addProposalRound(tx, item.id, by)
  const round = added ?? (await openProposalRound(tx.db, item.id))
  if (round?.state === 'wanted') await tx.enqueue({ queue: 'start-proposals', roundId: round.id })
  if (round?.state === 'running' && round.runId !== null) {
    const run = await getRun(tx.db, round.runId)
    if (run?.stage === 'ended') await tx.enqueue({ queue: 'on-proposals-submitted', runId: run.id })
  }
  return added !== undefined
}

/** Asks for a round in each repository whose settings name a schedule, when its last one is old enough. */
export async function wantScheduledProposals({ store }: { store: Store }, now = currentTime()): Promise<void> {
  for (const repo of await servedRepositories(store.db)) {
    if (repo.state === 'paused' || settingsOf(repo).proposals.schedule === 'off') continue
    await store.transaction((tx) => wantWhenDue(tx, repo, now))
  }
}

async function wantWhenDue(tx: Tx, repo: RepositoryRow, now: Date): Promise<void> {
  const { schedule } = settingsOf(repo).proposals
  if (schedule === 'off') return
  const open = (await openRoadmaps(tx.db, repo.id)).filter(({ state }) => !isInactive(state))
  const before = await latestProposalRound(tx.db, repo.id)
  const chosen = open.find(({ id }) => id === before?.workItemId) ?? open[0]
  // Two processes choose the same roadmap: the second one waits here, and sees the round of the first.
  const item = chosen && (await lockItem(tx, chosen.id))
  const last = await latestProposalRound(tx.db, repo.id)
  const isDue = !last || now.getTime() - last.createdAt.getTime() >= proposalDays[schedule] * dayMs
  if (item && isDue) await wantProposals(tx, item, { login: 'tutti', id: null })
}
