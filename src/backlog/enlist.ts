/** A queued issue becomes a work item that can start: settings read, dependencies found, agent known. */

import { eq } from 'drizzle-orm'
import type { Env } from '../config/env.ts'
import { nearest } from '../config/nearest.ts'
import type { Settings } from '../config/settings.ts'
import { type GitHub, NotFound } from '../github/types.ts'
import {
  advance,
  type DependencyRow,
  getItem,
  getSystem,
  type ItemRow,
  itemOfIssue,
  type SystemRow,
  setDependencies,
  systemOfName,
} from '../store/items.ts'
import type { Store } from '../store/open.ts'
import { runsOf } from '../store/runs.ts'
import { workItems } from '../store/schema.ts'
import { BaseGone, type BaseReader, freshen } from '../store/systems.ts'
import { dependenciesIn, type IssueReference } from './dependencies.ts'

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
  const agent = settings.agent ?? parts.env.AGENT
  const edges = {
    body: await Promise.all(dependenciesIn(item.body, system.fullName).map((edge) => seen(parts, system, edge))),
    native: await nativeEdges(parts, system, item),
  }
  await parts.store.transaction(async (tx) => {
    for (const source of ['body', 'native'] as const) await setDependencies(tx, item, source, edges[source])
    // Settings may have been read just now, for the first time. A branch that was worked on keeps its name.
    const fresh = (await runsOf(tx.db, item.id)).length === 0
    const branch = fresh ? `${settings.branches.prefix}${item.module}` : item.branch
    await tx.db.update(workItems).set({ baseBranch, branch }).where(eq(workItems.id, item.id))
    const unknown = unknownAgent(agent, settings, parts.agents)
    if (unknown) await advance(tx, item, 'held', { actor: 'tutti', why: unknown })
    else await advance(tx, item, 'ready', { actor: 'tutti', why: 'Nothing to plan: it can be built as it stands.' })
  })
}

function unknownAgent(agent: string, settings: Settings, agents: ReadonlyMap<string, unknown>): string | undefined {
  if (agents.has(agent)) return undefined
  const meant = nearest(agent, agents.keys())
  const where = settings.agent ? 'The settings name' : 'The operator chose'
  return `${where} the agent \`${agent}\`, which does not exist${meant ? `; did you mean \`${meant}\`?` : ''} Known: ${[...agents.keys()].map((id) => `\`${id}\``).join(', ')}. Mend it, then say \`/retry\`.`
}

async function nativeEdges(parts: Enlister, system: SystemRow, item: ItemRow): Promise<Edge[]> {
  // The payload counts them; only where it says "some" or nothing is it worth a call.
  if (item.nativeBlockers === 0) return []
  const named = await parts.github.repository(system).blockedBy(item.issueNumber)
  return (named ?? []).map((edge) => ({ repository: edge.repository, issueNumber: edge.number, blocker: edge.state }))
}

/** The state of an issue that a line names: from our own table where it is ours, otherwise asked once. */
async function seen(parts: Enlister, from: SystemRow, edge: IssueReference): Promise<Edge> {
  const found = { repository: edge.repository, issueNumber: edge.number }
  const system = await systemOfName(parts.store.db, edge.repository)
  const ours = system && (await itemOfIssue(parts.store.db, system.id, edge.number))
  if (ours) return { ...found, blocker: ours.state === 'done' ? 'closed' : 'open' }
  try {
    const where = system ?? { fullName: edge.repository, installationId: from.installationId }
    const issue = await parts.github.repository(where).issue(edge.number)
    return { ...found, blocker: issue.state }
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    return { ...found, blocker: 'missing' }
  }
}
