/** Gathers what people read about the reviews of a pull request by agents. */

import type { Database } from '../db/connect.ts'
import { agentReviewsOf } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { storedReview, wasSentBack } from '../domain/agent-review.ts'
import { reviewStates } from '../domain/lifecycle.ts'
import type { AgentReviewView } from '../messages/agent-review.ts'

/** The last review of an item by an agent, as long as people review it; undefined where there was none. */
export async function agentReviewOf(
  db: Database,
  item: Pick<ItemRow, 'id' | 'state'>,
): Promise<AgentReviewView | undefined> {
  if (!reviewStates.includes(item.state)) return undefined
  const run = (await agentReviewsOf(db, item.id)).at(-1)
  return run && { ...run, review: storedReview(run.submission), sentBack: wasSentBack(run) }
}
