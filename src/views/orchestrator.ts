/** The orchestrator of a repository: its state and its settings under the names of the two-layer model. */

import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import type { Database } from '../db/connect.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { progressOf, progressView } from './progress.ts'

/** The settings in force. */
export const orchestratorConfigView = z.object({
  defaultConcurrencyMode: z.string().describe('`auto` where it is chosen by itself'),
  maxParallelAgents: z.number().int().nullable().describe('null: as many as the memory of the machine allows'),
  defaultMaxRetries: z.number().int(),
  escalationThreshold: z.number().int(),
  branchPrefix: z.string(),
  autoMergeOnComplete: z.boolean().describe('Whether an approved pull request is merged without `/merge`'),
})
export type OrchestratorConfigView = z.infer<typeof orchestratorConfigView>

/** One orchestrator. Times are ISO 8601. */
export const orchestratorView = z.object({
  systemId: z.string().describe('owner/name of the repository'),
  status: progressView.shape.status,
  statusReason: z.string(),
  createdAt: z.string(),
  shutDownAt: z.string().nullable(),
  completionPercent: progressView.shape.completionPercent,
  items: progressView.shape.items,
  agents: progressView.shape.agents,
  concurrencyMode: z.string(),
  config: orchestratorConfigView,
})
export type OrchestratorView = z.infer<typeof orchestratorView>

/** The orchestrator of a repository. */
export async function orchestratorStateOf(db: Database, repo: RepositoryRow): Promise<OrchestratorView> {
  const { systemId, status, statusReason, completionPercent, items, agents, concurrencyMode } = await progressOf(
    db,
    repo,
  )
  return {
    ...{ systemId, status, statusReason, completionPercent, items, agents, concurrencyMode },
    createdAt: repo.createdAt.toISOString(),
    shutDownAt: repo.shutDownAt?.toISOString() ?? null,
    config: configViewOf(settingsOf(repo)),
  }
}

function configViewOf({ schedule, limits, recovery, branches, merge }: Settings): OrchestratorConfigView {
  return {
    defaultConcurrencyMode: schedule.mode ?? 'auto',
    maxParallelAgents: limits.agents ?? null,
    defaultMaxRetries: limits.retries,
    escalationThreshold: recovery.escalationThreshold,
    branchPrefix: branches.prefix,
    autoMergeOnComplete: merge.when === 'approved',
  }
}
