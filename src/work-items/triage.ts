/** A queued issue becomes a work item that can start: settings read, dependencies found, agent known. */

import { eq } from 'drizzle-orm'
import type { Env } from '../config/env.ts'
import { editedWhileQueued } from '../db/blockers.ts'
import type { Store } from '../db/connect.ts'
import { forget, wasHandled } from '../db/idempotency-keys.ts'
import { BaseGone, type BaseReader, freshen } from '../db/repositories.ts'
import { buildsOf } from '../db/runs.ts'
import { workItems } from '../db/schema/core.ts'
import {
  advance,
  type DependencyRow,
  getItem,
  getSystem,
  type ItemRow,
  type SystemRow,
  setDependencies,
} from '../db/work-items.ts'
import { unknownLoop } from '../domain/workflows.ts'
import type { GitHub } from '../github/types.ts'
import { nearest } from '../lib/did-you-mean.ts'
import { agentFor } from './choose-agent.ts'
import { edgesIn } from './read-dependencies.ts'
import { setOut } from './route.ts'

export interface Enlister {
  store: Store
  env: Env
  github: GitHub
  control(system: SystemRow): Promise<BaseReader>
  /** The kinds of agent that exist. */
  agents: ReadonlyMap<string, unknown>
}

type Edge = Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>

/** Handler of the `enlist` queue. */
export async function enlist(parts: Enlister, job: { workItemId: number }): Promise<void> {
  const item = await getItem(parts.store.db, job.workItemId)
  if (item?.state !== 'queued') return
  const system = await getSystem(parts.store.db, item.systemId)
  if (!system || system.state === 'gone') return
  try {
    await admit(parts, item, system)
  } catch (error) {
    if (!(error instanceof BaseGone)) throw error
    const why = `${error.message}. Bring it back or set \`branches.base\`, then say \`/retry\`.`
    await parts.store.transaction((tx) => advance(tx, item, 'held', { actor: 'tutti', why }))
  }
}

async function admit(parts: Enlister, item: ItemRow, system: SystemRow): Promise<void> {
  const { settings, baseBranch } = await freshen(parts.store, system, await parts.control(system))
  const agent = agentFor(item, { settings }, parts.env)
  const edges = {
    body: await edgesIn(parts, system, item.body),
    native: await nativeEdges(parts, system, item),
  }
  await parts.store.transaction(async (tx) => {
    await setDependencies(tx, item, 'native', edges.native)
    if (await wasHandled(tx.db, editedWhileQueued(item.id))) await forget(tx, editedWhileQueued(item.id))
    else await setDependencies(tx, item, 'body', edges.body)
    // Settings may have been read just now, for the first time. A branch that was worked on keeps its name.
    const fresh = (await buildsOf(tx.db, item.id)).length === 0
    const branch = fresh ? `${settings.branches.prefix}${item.module}` : item.branch
    await tx.db.update(workItems).set({ baseBranch, branch }).where(eq(workItems.id, item.id))
    const unknown = unknownAgent(agent, parts) ?? unknownLoop(settings, item.loop)
    // No agent works on an epic.
    if (unknown && item.kind === 'task') await advance(tx, item, 'held', { actor: 'tutti', why: unknown })
    else await setOut(tx, system, item, { settings, agent })
  })
}

function unknownAgent(agent: string, { agents, env }: Enlister): string | undefined {
  if (agents.has(agent)) return undefined
  const meant = nearest(agent, agents.keys())
  const where = agent === env.AGENT ? 'The operator chose' : 'The settings name'
  return `${where} the agent \`${agent}\`, which does not exist${meant ? `; did you mean \`${meant}\`?` : ''} Known: ${[...agents.keys()].map((id) => `\`${id}\``).join(', ')}. Mend it, then say \`/retry\`.`
}

async function nativeEdges(parts: Enlister, system: SystemRow, item: ItemRow): Promise<Edge[]> {
  // The payload counts them; only where it says "some" or nothing is it worth a call.
  if (item.nativeBlockers === 0) return []
  const named = await parts.github.repository(system).blockedBy(item.issueNumber)
  return (named ?? []).map((edge) => ({ repository: edge.repository, issueNumber: edge.number, blocker: edge.state }))
}
