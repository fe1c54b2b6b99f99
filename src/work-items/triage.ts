/** Prepares a queued item: reads settings and dependencies, chooses the agent, and routes the item. */

import { and, eq, isNull } from 'drizzle-orm'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import type { Store } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { type DependencyRow, editedWhileQueuedKey, setDependencies } from '../db/dependencies.ts'
import { hasKey, releaseKey } from '../db/idempotency-keys.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, type BaseBranchReader, refreshSettings } from '../db/repository-settings.ts'
import { buildsOf } from '../db/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { getItem, type ItemRow, transition } from '../db/work-items.ts'
import type { BestOf } from '../domain/best-of.ts'
import { chooseAgent } from '../domain/choose-agent.ts'
import { unknownWorkflow } from '../domain/workflows.ts'
import type { GitHub } from '../github/github.ts'
import { didYouMean } from '../lib/did-you-mean.ts'
import { baseBranchMissing } from '../messages/repositories.ts'
import { unknownAgent } from '../messages/triage.ts'
import { holdItem } from './dead-letter.ts'
import { edgesIn } from './read-dependencies.ts'
import { routeItem } from './route.ts'

export interface TriageContext {
  store: Store
  env: Env
  github: GitHub
  control(repo: RepositoryRow): Promise<BaseBranchReader>
  /** The kinds of agent that exist. */
  agents: ReadonlyMap<string, unknown>
}

type Edge = Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>

/** Handler of the `triage` queue. */
export async function triage(context: TriageContext, job: { workItemId: number }): Promise<void> {
  const item = await getItem(context.store.db, job.workItemId)
  if (item?.state !== 'queued') return
  const repo = await getRepository(context.store.db, item.repositoryId)
  if (!repo || repo.state === 'gone') return
  try {
    await prepare(context, item, repo)
  } catch (error) {
    if (!(error instanceof BaseBranchDeleted)) throw error
    const why = baseBranchMissing(error.message, '/retry')
    await context.store.transaction((tx) => transition(tx, item, 'held', { actor: 'tutti', why }))
  }
}

async function prepare(context: TriageContext, item: ItemRow, repo: RepositoryRow): Promise<void> {
  const { settings, baseBranch } = await refreshSettings(context.store, repo, await context.control(repo))
  const agent = chooseAgent(item, { settings }, context.env)
  const edges = {
    body: await edgesIn(context, repo, item.body),
    native: await nativeEdges(context, repo, item),
  }
  await context.store.transaction(async (tx) => {
    await setDependencies(tx, item, 'native', edges.native)
    if (await hasKey(tx.db, editedWhileQueuedKey(item.id))) await releaseKey(tx, editedWhileQueuedKey(item.id))
    else await setDependencies(tx, item, 'body', edges.body)
    // These settings may be new. A branch with work on it keeps its name.
    const fresh = (await buildsOf(tx.db, item.id)).length === 0
    const branch = fresh ? `${settings.branches.prefix}${item.module}` : item.branch
    await tx.db.update(workItems).set({ baseBranch, branch }).where(eq(workItems.id, item.id))
    const bestOf = fresh && item.kind === 'task' ? wantedBestOf(settings, item) : null
    // A person may have named other kinds since the item was read.
    const unnamed = and(eq(workItems.id, item.id), isNull(workItems.bestOf))
    if (bestOf) await tx.db.update(workItems).set({ bestOf }).where(unnamed)
    const kinds = [agent, ...(bestOf?.kinds ?? [])]
    const unknown =
      kinds.map((kind) => agentProblem(kind, context)).find(Boolean) ?? unknownWorkflow(settings, item.loop)
    // No agent works on an epic.
    if (unknown && item.kind === 'task') await transition(tx, item, 'held', { actor: 'tutti', why: unknown })
    else await routeItem(tx, repo, item, { settings, agent })
  })
}

/** Several kinds of agent, where the settings want that of issues of this size. */
function wantedBestOf({ bestOf }: Settings, { effort }: ItemRow): BestOf | null {
  if (!bestOf || (bestOf.sizes && !bestOf.sizes.some((size) => size === effort))) return null
  return { kinds: bestOf.agents, candidates: [] }
}

function agentProblem(agent: string, { agents, env }: TriageContext): string | undefined {
  if (agents.has(agent)) return undefined
  return unknownAgent({
    name: agent,
    chosenBy: agent === env.AGENT ? 'operator' : 'settings',
    nearest: didYouMean(agent, agents.keys()),
    known: [...agents.keys()],
  })
}

async function nativeEdges(context: TriageContext, repo: RepositoryRow, item: ItemRow): Promise<Edge[]> {
  // The payload counts them. A count of 0 saves the call.
  if (item.nativeBlockers === 0) return []
  const named = await context.github.repository(repo).blockedBy(item.issueNumber)
  return (named ?? []).map((edge) => ({ repository: edge.repository, issueNumber: edge.number, blocker: edge.state }))
}

export const triageJob = defineJob(
  { queue: 'triage', payload: z.object({ workItemId: z.number().int() }), onFinalFailure: holdItem },
  triage,
)
