/** Turns the rows into the scheduler's snapshot. */

import type { Env } from '../config/env.ts'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { DependencyRow } from '../db/dependencies.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { isSideRun } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { chooseAgent } from '../domain/choose-agent.ts'
import { sizeOfRun } from '../domain/expected-use.ts'
import { moduleOf } from '../domain/labels.ts'
import { activeStates } from '../domain/lifecycle.ts'
import { singletonKinds } from '../domain/singletons.ts'
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
import { type BudgetState, runName, withBudgets } from './budget.ts'
import type { History } from './history.ts'
import { inheritedBlockers } from './inherited-blockers.ts'
import { memberEdges } from './member-edges.ts'
import { roadmapModeEdges } from './roadmap-mode.ts'
import { runnerEdges } from './runner-edges.ts'

/** The input of a pass besides the backlog. */
export interface PassContext {
  env: Env
  history: History
  /** Available memory of the machine, in bytes. */
  freeMemory: number
  /** Agents at once in all processes together; undefined without such a limit. */
  slots?: number | undefined
  /** The labels of each runner that is up; without it, every item can be taken. */
  runners?: readonly (readonly string[])[]
  plan: SchedulePlan | undefined
  /** What an agent of a kind needs, in bytes, as measured; see `memory-of-kinds.ts`. */
  memoryOfKind?: Readonly<Record<string, number>>
  /** The spending; undefined when no budget is set. */
  spending?: BudgetState | undefined
  now: Date
}

/** Always kept free, so that the machine stays usable. */
const memoryFloor = 256 * 2 ** 20

/** In this time after its start an agent uses hardly any memory yet. */
const startUpMs = 10_000

/** An epic itself takes hardly any time: no agent builds it. */
const epicHours = 0.01

/** The whole input of `choose`. */
export function snapshotOf(backlog: Backlog, passContext: PassContext): Snapshot {
  const items = [
    ...backlog.items.values(),
    ...[...backlog.finishedItems.values()].filter(({ state }) => state !== 'done'),
  ]
  const derived = derivedEdges(backlog, passContext.runners)
  return {
    items: items.map((item) => itemOf(item, backlog, passContext)),
    edges: items.flatMap((item) => edgesOf(item, backlog, derived)),
    rules: rulesOf(backlog, passContext.history),
    ...runsAndLimitsOf(backlog, passContext),
    ...(passContext.plan ? { plan: passContext.plan } : {}),
  }
}

/** The present runs and the limits of starts. */
export function runsAndLimitsOf(backlog: Backlog, passContext: PassContext): Limits & Pick<Snapshot, 'runs'> {
  const { env, freeMemory, spending } = passContext
  const repos = [...backlog.repos.values()]
  const present = {
    runs: [
      ...backlog.runs.map((row) => runOf(row, backlog, passContext)),
      ...branchesWithoutAgent(backlog, passContext),
    ],
    caps: {
      ...totalCap(env.MAX_AGENTS, passContext.slots),
      perAgentKind: env.MAX_AGENTS_PER_KIND,
    },
    memory: {
      ...{ free: freeMemory, floor: memoryFloor, perAgent: env.MEMORY_PER_AGENT_MB * 2 ** 20 },
      perAgentKind: passContext.memoryOfKind ?? {},
    },
    repos: Object.fromEntries(repos.map((repo) => [repo.fullName, repositoryOf(repo, backlog)])),
  }
  return withBudgets(present, backlog, spending)
}

/** The smaller one of two limits, where there are any. */
function totalCap(one: number | undefined, other: number | undefined): { total?: number } {
  const total = Math.min(one ?? Number.POSITIVE_INFINITY, other ?? Number.POSITIVE_INFINITY)
  return Number.isFinite(total) ? { total } : {}
}

/**
 * The edges that no row of an item names, by the item: epics block their parts with their own blockers and with their
 * mode; an item waits for the agent that a person has given it to, and for a runner that has what it asks for.
 */
export function derivedEdges(backlog: Backlog, runners: PassContext['runners']): Map<number, Edge[]> {
  const waiting = inheritedBlockers(backlog, (edge) => edgeOf(edge, backlog))
  const derived = new Map(waiting)
  for (const [id, edges] of [
    ...roadmapModeEdges(backlog, waiting),
    ...memberEdges(backlog),
    ...runnerEdges(backlog, runners),
  ])
    derived.set(id, [...(derived.get(id) ?? []), ...edges])
  return derived
}

/** The rules of the repositories. */
function rulesOf(backlog: Backlog, history: History): Rules {
  const repos = [...backlog.repos.values()]
  return {
    unknownBlocker: 'hold',
    repositories: Object.fromEntries(repos.map((repo) => [repo.fullName, ownRules(settingsOf(repo))])),
    ...(history.spread === undefined ? {} : { estimateSpread: history.spread }),
  }
}

/**
 * The edges of an item: its own, and those that follow from its epics and its agent.
 * @param derived the result of `derivedEdges`.
 */
export function edgesOf(item: ItemRow, backlog: Backlog, derived: ReadonlyMap<number, readonly Edge[]>): Edge[] {
  // Blockers do not prevent planning.
  const own = item.state === 'planning' ? [] : (backlog.edges.get(item.id) ?? [])
  return [...own.flatMap((edge) => edgeOf(edge, backlog)), ...(derived.get(item.id) ?? [])]
}

/** The scheduler's item of a row. */
export function itemOf(item: ItemRow, backlog: Backlog, { env, history, now }: PassContext): Item {
  const repository = nameOf(backlog, item)
  const agentKind = chooseAgent(item, backlog.repos.get(item.repositoryId), env)
  const module = moduleOf(item)
  return {
    id: String(item.id),
    repository,
    number: item.issueNumber,
    state: stateFor(item, now),
    priority: Math.min(3, Math.max(0, item.priority)) as 0 | 1 | 2 | 3,
    effort: item.kind === 'epic' ? epicHours : history.effortOf(item, repository, agentKind),
    since: item.createdAt.getTime(),
    ...(module === undefined ? {} : { module }),
    ...(item.state === 'ready' && backlog.openPulls.has(item.id) ? { sentBack: true } : {}),
    footprint: footprintOf(item, backlog, history),
    agentKind,
    size: sizeOfRun(item.state === 'planning' ? 'plan' : 'build', item.effort),
  }
}

/** Planning is a run like any other: the item is ready for it. An epic never starts: it is done when its parts are. */
function stateFor(item: ItemRow, now: Date): Item['state'] {
  if (item.kind === 'epic' && item.state === 'ready') return 'queued'
  // A retry delay or a provider's limit: the item may not start yet. A job queues a pass when it is due.
  if (['ready', 'planning'].includes(item.state) && item.notBefore !== null && item.notBefore > now) return 'queued'
  return item.state === 'planning' ? 'ready' : item.state
}

/** The paths of its module, of its plan, those observed to change, and those predicted with certainty. */
function footprintOf(item: ItemRow, backlog: Backlog, history: History): Item['footprint'] {
  if (item.state === 'planning' || item.kind === 'epic') return 'nothing'
  return [
    ...declaredPaths(item, backlog),
    ...(backlog.footprints.get(item.id)?.observed ?? []),
    ...history.pathsOf(item),
  ]
}

function declaredPaths(item: ItemRow, backlog: Backlog): string[] {
  const module = moduleOf(item)
  const declared = module && settingsOf(backlog.repos.get(item.repositoryId)).modules[module]?.paths
  return [...(declared || []), ...(backlog.footprints.get(item.id)?.plan ?? [])]
}

function runOf({ run, item }: Backlog['runs'][number], backlog: Backlog, { history, now }: PassContext): Run {
  const since = run.startedAt ? now.getTime() - run.startedAt.getTime() : 0
  return {
    item: runName({ run, item }),
    repository: nameOf(backlog, item),
    agentKind: run.agent,
    footprint: run.purpose === 'build' ? footprintOf(item, backlog, history) : 'nothing',
    elapsed: since / 3_600_000 / history.pace,
    // Two passes in a row must not use the same free memory.
    ...(run.health ? { memoryUsed: run.health.memory } : since < startUpMs ? { memoryUsed: 0 } : {}),
  }
}

/**
 * The branches without an agent, as runs. A branch in review locks the files that it changed, if the settings say so. A
 * branch between two steps, whose attempt has ended and whose pull request is not open yet, locks them in any case.
 */
function branchesWithoutAgent(backlog: Backlog, { env }: PassContext): Run[] {
  // An agent that reviews a branch does not work on it.
  const live = new Set(backlog.runs.filter(({ run }) => !isSideRun(run)).map(({ item }) => item.id))
  return [...backlog.active].flatMap((id): Run[] => {
    const item = backlog.items.get(id)
    if (!item) return []
    const repo = backlog.repos.get(item.repositoryId)
    const locksFiles = activeStates.includes(item.state) || settingsOf(repo).schedule.reviewHolds
    if (live.has(id) || !locksFiles) return []
    const observed = backlog.footprints.get(item.id)?.observed ?? []
    const footprint = observed.length > 0 ? observed : declaredPaths(item, backlog)
    // Unknown files must not block all other items until the merge.
    if (footprint.length === 0) return []
    const agentKind = chooseAgent(item, repo, env)
    return [{ item: String(item.id), repository: nameOf(backlog, item), agentKind, footprint, agent: false }]
  })
}

function repositoryOf(repo: RepositoryRow, backlog: Backlog): RepositoryState {
  const { limits, schedule, agents } = settingsOf(repo)
  const singletons = singletonKinds(agents)
  return {
    paused: repo.state === 'paused',
    ...(repo.haltedBecause === null ? {} : { pausedBecause: repo.haltedBecause }),
    ...(schedule.mode === undefined ? {} : { mode: schedule.mode }),
    ...(limits.agents === undefined ? {} : { cap: limits.agents }),
    ...(singletons.length === 0 ? {} : { singletons }),
    weight: schedule.weight,
    hoursUsed: backlog.hours.get(repo.id) ?? 0,
  }
}

function ownRules({ schedule: { skipped, cancelled, unknownFootprint } }: Settings): RepositoryRules {
  return { skipped, cancelled, unknownFootprint }
}

/** The scheduler's edge of a row. A closed issue does not block, in any state of its item. */
function edgeOf(edge: DependencyRow, backlog: Backlog): Edge[] {
  if (edge.blocker === 'closed') return []
  const reference = itemNameIn(edge)
  const item = backlog.named(reference)
  const state = edge.blocker === 'missing' ? ('unknown' as const) : edge.blocker
  const blocker = item ? { kind: 'item' as const, id: String(item.id) } : { kind: 'outside' as const, reference, state }
  return [{ item: String(edge.dependentId), blocker, source: edge.source }]
}

function nameOf(backlog: Backlog, item: ItemRow): string {
  return backlog.repos.get(item.repositoryId)?.fullName ?? ''
}

/** Settings from before a section existed get its defaults. */
function settingsOf(repo: RepositoryRow | undefined): Settings {
  return { ...noSettings, ...repo?.settings }
}

const noSettings = defaultSettings()
