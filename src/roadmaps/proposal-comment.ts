/** The one comment with the proposals of a roadmap. */

import type { Tx } from '../db/connect.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { getProposalRound, proposalsOf } from '../db/proposals.ts'
import { getRun } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { proposalComment } from '../messages/proposals.ts'

/** Writes the comment, or edits it: it shows the proposals as they are in this transaction. */
export async function showProposals(tx: Tx, item: ItemRow, prefix: string): Promise<void> {
  const all = await proposalsOf(tx.db, item.id)
  const newest = all.findLast(({ state }) => state === 'open') ?? all.at(-1)
  const round = newest && (await getProposalRound(tx.db, newest.roundId))
  const run = round?.runId ? await getRun(tx.db, round.runId) : undefined
  const body = proposalComment(run ?? { agent: 'an agent' }, all, prefix)
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: `proposals:${item.id}` },
    { kind: 'comment', payload: { issueNumber: item.issueNumber, body } },
  )
}
