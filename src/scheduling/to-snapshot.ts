/** The rows as plain data for the scheduler. */

import type { Env } from '../config/env.ts'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { DependencyRow } from '../db/dependencies.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import { chooseAgent } from '../domain/choose-agent.ts'
import { moduleOf } from '../domain/labels.ts'
import { activeStates } from '../domain/lifecycle.ts'
import type { Limits } from '../scheduler/admission.ts'
import type {
  Edge,
  Item,
  RepositoryRules,
  RepositoryState,
  Rules,
  Run,
  SchedulePlan,
  Snapshot,
} from '../scheduler/types.ts'
import { type Backlog, itemNameIn } from './backlog-snapshot.ts'
import { type BudgetState, withBudgets } from './budget.ts'
import type { History } from './history.ts'
import { inheritedBlockers } from './inherited-blockers.ts'
import { roadmapModeEdges } from './roadmap-mode.ts'

export interface Circumstances {
  env: Env
  past: History
  /** Bytes the machine could give away now. */
  freeMemory: number
  plan: SchedulePlan | undefined
  /** What was spent, where somebody has set a budget. */
  spend?: BudgetState | undefined
  now: Date
}

/** Kept free whatever happens, so that the machine itself stays usable. */
const memoryFloor = 256 * 2 ** 20

/** An agent has hardly taken any memory yet this soon after its start. */
const youngMs = 10_000

/** An epic is no work of its own. */
const epicHours = 0.01

/** Everything that `choose` may look at. */
export function snapshotOf(backlog: Backlog, circumstances: Circumstances): Snapshot {
  const items = [...backlog.items.values(), ...[...backlog.over.values()].filter(({ state }) => state !== 'done')]
  const held = heldByEpics(backlog)
  return {
    items: items.map((item) => itemOf(item, backlog, circumstances)),
    edges: items.flatMap((item) => edgesOf(item, backlog, held)),
    rules: rulesOf(backlog, circumstances.past),
    ...presentOf(backlog, circumstances),
    ...(circumstances.plan ? { plan: circumstances.plan } : {}),
  }
}

/** What is worked on now, and what limits how much may be. */
export function presentOf(backlog: Backlog, circumstances: Circumstances): Limits & Pick<Snapshot, 'runs'> {
  const { env, freeMemory, spend } = circumstances
  const repos = [...backlog.repos.values()]
  const present = {
    runs: [...backlog.runs.map((row) => runOf(row, backlog, circumstances)), ...branches(backlog, circumstances)],
    caps: { total: env.MAX_AGENTS },
    memory: { free: freeMemory, floor: memoryFloor, perAgent: env.MEMORY_PER_AGENT_MB * 2 ** 20 },
    repos: Object.fromEntries(repos.map((repo) => [repo.fullName, repositoryOf(repo, backlog)])),
  }
  return withBudgets(present, backlog, spend)
}

/** The edges by which epics hold their parts back, by the part: what the epic waits for, and its pace. */
export function heldByEpics(backlog: Backlog): Map<number, Edge[]> {
  const waiting = inheritedBlockers(backlog, (edge) => edgeOf(edge, backlog))
  const held = new Map(waiting)
  for (const [id, edges] of roadmapModeEdges(backlog, waiting)) held.set(id, [...(held.get(id) ?? []), ...edges])
  return held
}

/** What the repositories decide for themselves. */
function rulesOf(backlog: Backlog, past: History): Rules {
  const repos = [...backlog.repos.values()]
  return {
    unknownBlocker: 'hold',
    repositories: Object.fromEntries(repos.map((repo) => [repo.fullName, ownRules(settingsOf(repo))])),
    ...(past.spread === undefined ? {} : { estimateSpread: past.spread }),
  }
}

/**
 * What keeps an item back: its own edges, and those of its epics.
 * @param held as `heldByEpics` gives it.
 */
export function edgesOf(item: ItemRow, backlog: Backlog, held: ReadonlyMap<number, readonly Edge[]>): Edge[] {
  // What an item waits for does not keep it from being planned.
  const own = item.state === 'planning' ? [] : (backlog.edges.get(item.id) ?? [])
  return [...own.flatMap((edge) => edgeOf(edge, backlog)), ...(held.get(item.id) ?? [])]
}

/** An item as the scheduler sees it. */
export function itemOf(item: ItemRow, backlog: Backlog, { env, past, now }: Circumstances): Item {
  const repository = nameOf(backlog, item)
  const agentKind = chooseAgent(item, backlog.repos.get(item.repositoryId), env)
  const module = moduleOf(item)
  return {
    id: String(item.id),
    repository,
    number: item.issueNumber,
    state: stateFor(item, now),
    priority: Math.min(3, Math.max(0, item.priority)) as 0 | 1 | 2 | 3,
    effort: item.kind === 'epic' ? epicHours : past.effortOf(item, repository, agentKind),
    since: item.createdAt.getTime(),
    ...(module === undefined ? {} : { module }),
    footprint: footprintOf(item, backlog, past),
    agentKind,
  }
}

/** A plan is made like any run, in a slot. An epic is never started: it is done when its parts are. */
function stateFor(item: ItemRow, now: Date): Item['state'] {
  if (item.kind === 'epic' && item.state === 'ready') return 'queued'
  // A retry delay or a provider's limit: not the scheduler's to start yet; a job wakes it when the time has come.
  if (['ready', 'planning'].includes(item.state) && item.notBefore !== null && item.notBefore > now) return 'queued'
  return item.state === 'planning' ? 'ready' : item.state
}

/** Declared for its module, expected by its plan, seen to change, and what similar items surely changed. */
function footprintOf(item: ItemRow, backlog: Backlog, past: History): Item['footprint'] {
  if (item.state === 'planning' || item.kind === 'epic') return 'nothing'
  return [...toldOf(item, backlog), ...(backlog.footprints.get(item.id)?.observed ?? []), ...past.pathsOf(item)]
}

function toldOf(item: ItemRow, backlog: Backlog): string[] {
  const module = moduleOf(item)
  const declared = module && settingsOf(backlog.repos.get(item.repositoryId)).modules[module]?.paths
  return [...(declared || []), ...(backlog.footprints.get(item.id)?.plan ?? [])]
}

function runOf({ run, item }: Backlog['runs'][number], backlog: Backlog, { past, now }: Circumstances): Run {
  const since = run.startedAt ? now.getTime() - run.startedAt.getTime() : 0
  return {
    item: String(item.id),
    repository: nameOf(backlog, item),
    agentKind: run.agent,
    footprint: run.purpose === 'build' ? footprintOf(item, backlog, past) : 'nothing',
    elapsed: since / 3_600_000 / past.pace,
    // Two looks in a row must not both give away the same memory.
    ...(since < youngMs ? { memoryUsed: 0 } : {}),
  }
}

/**
 * Branches in review take no agent and keep what they changed, where the settings say so. Those between two steps, whose
 * attempt has ended and whose pull request is being opened, keep it in any case.
 */
function branches(backlog: Backlog, { env }: Circumstances): Run[] {
  const live = new Set(backlog.runs.map(({ item }) => item.id))
  return [...backlog.active].flatMap((id): Run[] => {
    const item = backlog.items.get(id)
    if (!item) return []
    const repo = backlog.repos.get(item.repositoryId)
    const keeps = activeStates.includes(item.state) || settingsOf(repo).schedule.reviewHolds
    if (live.has(id) || !keeps) return []
    const observed = backlog.footprints.get(item.id)?.observed ?? []
    const footprint = observed.length > 0 ? observed : toldOf(item, backlog)
    // Nobody knows what it changed: that is no reason to stop everything else until it is merged.
    if (footprint.length === 0) return []
    const agentKind = chooseAgent(item, repo, env)
    return [{ item: String(item.id), repository: nameOf(backlog, item), agentKind, footprint, agent: false }]
  })
}

function repositoryOf(repo: RepositoryRow, backlog: Backlog): RepositoryState {
  const { limits, schedule } = settingsOf(repo)
  return {
    paused: repo.state === 'paused',
    ...(schedule.mode === undefined ? {} : { mode: schedule.mode }),
    ...(limits.agents === undefined ? {} : { cap: limits.agents }),
    weight: schedule.weight,
    hoursUsed: backlog.hours.get(repo.id) ?? 0,
  }
}

function ownRules({ schedule: { skipped, cancelled, unknownFootprint } }: Settings): RepositoryRules {
  return { skipped, cancelled, unknownFootprint }
}

/** A closed issue holds nothing back, whatever became of its item. */
function edgeOf(edge: DependencyRow, backlog: Backlog): Edge[] {
  if (edge.blocker === 'closed') return []
  const reference = itemNameIn(edge)
  const ours = backlog.named(reference)
  const state = edge.blocker === 'missing' ? ('unknown' as const) : edge.blocker
  const blocker = ours ? { kind: 'item' as const, id: String(ours.id) } : { kind: 'outside' as const, reference, state }
  return [{ item: String(edge.dependentId), blocker, source: edge.source }]
}

function nameOf(backlog: Backlog, item: ItemRow): string {
  return backlog.repos.get(item.repositoryId)?.fullName ?? ''
}

/** Settings that were stored before a section existed have its defaults. */
function settingsOf(repo: RepositoryRow | undefined): Settings {
  return { ...noSettings, ...repo?.settings }
}

const noSettings = defaultSettings()
