/** What the retry policy may do with an item: from the settings, the kinds of agent, and what happened so far. */

import type { Tx } from '../db/connect.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { isPlanning, type RunRow } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { chooseAgent } from '../domain/choose-agent.ts'
import type { RunContext } from './context.ts'
import type { RetrySettings } from './retry-policy.ts'

/** The policy's settings for the item of a run that has failed. */
export async function retrySettings(
  { env, agents }: Pick<RunContext, 'env' | 'agents'>,
  tx: Tx,
  item: ItemRow,
  run: RunRow,
): Promise<RetrySettings> {
  const repo = await getRepository(tx.db, item.repositoryId)
  const { limits, planning, recovery } = settingsOf(repo)
  const usual = chooseAgent({ ...item, agent: null }, repo, env)
  const known = [...new Set([usual, ...recovery.agents])].filter((kind) => agents.has(kind))
  const fit = isPlanning(run) ? known.filter((kind) => agents.get(kind)?.protocol === 'acp') : known
  return {
    retries: limits.retries,
    retryDelayMs: env.RETRY_DELAY_SECONDS * 1_000,
    escalationThreshold: recovery.escalationThreshold,
    otherAgents: fit.filter((kind) => kind !== run.agent),
    mayReplan:
      recovery.replan &&
      planning.when !== 'never' &&
      !isPlanning(run) &&
      agents.get(usual)?.protocol === 'acp' &&
      !wasReplanned(item) &&
      // People review the work already: what they want of it is in their comments, not in another plan.
      (await pullOfItem(tx.db, item.id))?.state !== 'open',
  }
}

/** Once by itself; a person's `/retry` allows it once more. */
function wasReplanned({ freshSince, replannedSince }: ItemRow): boolean {
  return replannedSince !== null && replannedSince > (freshSince ?? 0)
}
