/** The scheduler's hands: gathers the snapshot, lets `choose` decide, stores every decision, starts what may start. */

import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import { defaultSettings } from '../config/settings.ts'
import { want } from '../store/effects.ts'
import {
  advance,
  announce,
  type DependencyRow,
  type ItemRow,
  liveSystems,
  lockSchedule,
  openDependencies,
  type SystemRow,
  saveDecision,
  unfinishedItems,
} from '../store/items.ts'
import type { Store, Tx } from '../store/open.ts'
import { addRun, latestLesson, liveRuns } from '../store/runs.ts'
import { choose } from './schedule/choose.ts'
import type { Decision } from './schedule/decision.ts'
import { reasonsInWords } from './schedule/explain.ts'
import type { Edge, Item, Snapshot, System } from './schedule/types.ts'

export interface Dispatcher {
  store: Store
  env: Env
  log: Logger
  /** Bytes the machine could give away now. */
  freeMemory(): number
  /** Told of each run that was committed, so that a runner of this process need not wait for its job. */
  started?(runId: number): void
}

/** Kept free whatever happens, so that the machine itself stays usable. */
const memoryFloor = 256 * 2 ** 20
/** Agent hours by effort label; Tutti's own scale, each step about three times the one before. */
const effortHours = { S: 0.5, M: 1.5, L: 5, XL: 15 } as const

/** Handler of the `schedule` queue: one look at everything, decisions and starts in one transaction. */
export async function dispatch(parts: Dispatcher): Promise<void> {
  const started = await parts.store.transaction(async (tx) => {
    // One scheduler at a time, across processes: two of them would each start up to the cap.
    await lockSchedule(tx)
    const known = await gather(tx)
    await finishEpics(tx, known)
    const decisions = choose(snapshot(parts, known))
    const runIds: number[] = []
    for (const decision of decisions) runIds.push(...(await act(parts, tx, known, decision)))
    return runIds
  })
  for (const runId of started) parts.started?.(runId)
}

interface Known {
  systems: Map<number, SystemRow>
  items: Map<number, ItemRow>
  edges: DependencyRow[]
  runs: Awaited<ReturnType<typeof liveRuns>>
}

async function gather(tx: Tx): Promise<Known> {
  const [systemRows, items, edges, runs] = [
    await liveSystems(tx.db),
    await unfinishedItems(tx.db),
    await openDependencies(tx.db),
    await liveRuns(tx.db),
  ]
  return {
    systems: new Map(systemRows.map((system) => [system.id, system])),
    items: new Map(
      items.filter((item) => systemRows.some((system) => system.id === item.systemId)).map((item) => [item.id, item]),
    ),
    edges,
    runs,
  }
}

function snapshot({ env, freeMemory }: Dispatcher, known: Known): Snapshot {
  const byIssue = new Map<string, ItemRow>()
  for (const item of known.items.values()) {
    byIssue.set(`${known.systems.get(item.systemId)?.fullName.toLowerCase()}#${item.issueNumber}`, item)
  }
  return {
    items: [...known.items.values()].map((item) => itemOf(item, known, env)),
    // What an item waits for does not keep it from being planned.
    edges: known.edges
      .filter((edge) => known.items.get(edge.dependentId)?.state !== 'planning')
      .flatMap((edge) => edgeOf(edge, byIssue)),
    runs: known.runs.map(({ run, item }) => ({
      item: String(item.id),
      repository: known.systems.get(item.systemId)?.fullName ?? '',
      agentKind: run.agent,
      footprint: [],
    })),
    caps: { total: env.MAX_AGENTS },
    memory: { free: freeMemory(), floor: memoryFloor, perAgent: env.MEMORY_PER_AGENT_MB * 2 ** 20 },
    systems: Object.fromEntries([...known.systems.values()].map((system) => [system.fullName, systemOf(system)])),
    rules: { unknownBlocker: 'hold' },
  }
}

function itemOf(item: ItemRow, known: Known, env: Env): Item {
  const system = known.systems.get(item.systemId)
  // A retry delay or a provider's limit: not the scheduler's to start yet; a job wakes it when the time has come.
  const early = item.state === 'ready' && item.notBefore !== null && item.notBefore > new Date()
  return {
    id: String(item.id),
    repository: system?.fullName ?? '',
    number: item.issueNumber,
    state: early ? 'queued' : stateFor(item),
    priority: Math.min(3, Math.max(0, item.priority)) as 0 | 1 | 2 | 3,
    ...(item.effort ? { effort: effortHours[item.effort] } : {}),
    since: item.createdAt.getTime(),
    module: item.module,
    footprint: [],
    agentKind: agentOf(system, env),
  }
}

/** A plan is made like any run, in a slot. An epic is never started: it is done when its parts are. */
function stateFor(item: ItemRow): Item['state'] {
  if (item.kind === 'epic' && item.state === 'ready') return 'queued'
  return item.state === 'planning' ? 'ready' : item.state
}

function systemOf(system: SystemRow): System {
  const cap = system.settings?.limits.agents
  return {
    paused: system.state === 'paused',
    // Without footprints nothing is known to overlap, so nothing is made sequential by default.
    mode: 'parallel-threads',
    ...(cap === undefined ? {} : { cap }),
  }
}

function edgeOf(edge: DependencyRow, byIssue: Map<string, ItemRow>): Edge[] {
  if (edge.blocker === 'closed') return []
  const ours = byIssue.get(`${edge.repository}#${edge.issueNumber}`)
  const outside = {
    kind: 'outside' as const,
    reference: `${edge.repository}#${edge.issueNumber}`,
    state: edge.blocker === 'missing' ? ('unknown' as const) : edge.blocker,
  }
  const blocker = ours ? { kind: 'item' as const, id: String(ours.id) } : outside
  return [{ item: String(edge.dependentId), blocker, source: edge.source }]
}

function agentOf(system: SystemRow | undefined, env: Env): string {
  return (system?.settings ?? defaultSettings()).agent ?? env.AGENT
}

/** @returns the run that was started, if one was. */
async function act(parts: Dispatcher, tx: Tx, known: Known, decision: Decision): Promise<number[]> {
  const item = known.items.get(Number(decision.item.id))
  if (item?.state !== 'ready' && item?.state !== 'planning') return []
  if (item.kind === 'epic' && item.state === 'ready') return []
  if (item.notBefore && item.notBefore > new Date()) return []
  const words = reasonsInWords(decision)
  const { action, reasons } = decision
  parts.log.debug({ issue: item.issueNumber, action, words }, 'decided')
  const { changed, before } = await saveDecision(tx, { workItemId: item.id, action, reasons, words })
  if (action === 'wait') {
    const known = before?.action === 'wait' && causes(before.reasons) === causes(reasons)
    if (changed) await announce(tx, item, known ? 'later' : 'soon')
    return []
  }
  const agent = agentOf(known.systems.get(item.systemId), parts.env)
  const lesson = await latestLesson(tx.db, item.id)
  if (item.state === 'planning') {
    const purpose = breaksDown(item) ? 'breakdown' : 'plan'
    return [(await addRun(tx, item.id, { agent, purpose, ...lesson })).id]
  }
  const run = await addRun(tx, item.id, { agent, ...lesson })
  await advance(tx, item, 'running', { actor: 'tutti', why: `Attempt ${run.attempt} by ${agent}.` })
  return [run.id]
}

/** Whether the item is to become several, instead of being planned as one. */
function breaksDown({ routing }: ItemRow): boolean {
  return routing?.workflow === 'decompose_first' || routing?.workflow === 'multi_task'
}

/** Edges that name what an epic is made of, not what it waits for. */
const parts: readonly DependencyRow['source'][] = ['sub-issue', 'task-list', 'roadmap', 'plan']

/** An epic is done when it has parts and all of them are closed, or are items that ended well. */
async function finishEpics(tx: Tx, known: Known): Promise<void> {
  for (const epic of known.items.values()) {
    if (epic.kind !== 'epic' || epic.state !== 'ready') continue
    const made = known.edges.filter((edge) => edge.dependentId === epic.id && parts.includes(edge.source))
    if (made.length === 0 || made.some((edge) => edge.blocker !== 'closed')) continue
    await advance(tx, epic, 'done', {
      actor: 'tutti',
      why: 'Everything it is made of is done.',
      set: { doneAt: new Date() },
    })
    known.items.delete(epic.id)
    const key = `close:${epic.id}`
    const payload = { issueNumber: epic.issueNumber, reason: 'completed' as const }
    await want(tx, { systemId: epic.systemId, workItemId: epic.id, key }, { kind: 'close-issue', payload })
  }
}

/** How things stand with what holds an item back. It changes all the time, and every edit is a write to GitHub. */
const passing = ['state', 'running', 'available', 'left', 'leverage', 'hours']

/** What holds an item back, as text that is equal for equal causes, also after the database has sorted the keys. */
function causes(reasons: unknown): string {
  return JSON.stringify(reasons, (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
    const entries = Object.entries(value).filter(([key]) => !passing.includes(key))
    return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)))
  })
}
