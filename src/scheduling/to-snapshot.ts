/** The rows as plain data for the scheduler. */

import type { Env } from '../config/env.ts'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { DependencyRow, ItemRow, SystemRow } from '../db/work-items.ts'
import { agentFor } from '../domain/choose-agent.ts'
import { moduleOf } from '../domain/labels.ts'
import { working } from '../domain/lifecycle.ts'
import type { Limits } from '../scheduler/admission.ts'
import type { Edge, Item, Plan, RepositoryRules, Rules, Run, Snapshot, System } from '../scheduler/types.ts'
import { type Known, nameIn } from './backlog-snapshot.ts'
import { type Spend, withSpend } from './budget.ts'
import type { Past } from './history.ts'
import { epicHolds } from './inherited-blockers.ts'
import { paceEdges } from './roadmap-mode.ts'

export interface Circumstances {
  env: Env
  past: Past
  /** Bytes the machine could give away now. */
  freeMemory: number
  plan: Plan | undefined
  /** What was spent, where somebody has set a budget. */
  spend?: Spend | undefined
  now: Date
}

/** Kept free whatever happens, so that the machine itself stays usable. */
const memoryFloor = 256 * 2 ** 20

/** An agent has hardly taken any memory yet this soon after its start. */
const youngMs = 10_000

/** An epic is no work of its own. */
const epicHours = 0.01

/** Everything that `choose` may look at. */
export function snapshotOf(known: Known, circumstances: Circumstances): Snapshot {
  const items = [...known.items.values(), ...[...known.over.values()].filter(({ state }) => state !== 'done')]
  const held = heldByEpics(known)
  return {
    items: items.map((item) => itemOf(item, known, circumstances)),
    edges: items.flatMap((item) => edgesOf(item, known, held)),
    rules: rulesOf(known, circumstances.past),
    ...presentOf(known, circumstances),
    ...(circumstances.plan ? { plan: circumstances.plan } : {}),
  }
}

/** What is worked on now, and what limits how much may be. */
export function presentOf(known: Known, circumstances: Circumstances): Limits & Pick<Snapshot, 'runs'> {
  const { env, freeMemory, spend } = circumstances
  const systems = [...known.systems.values()]
  const present = {
    runs: [...known.runs.map((row) => runOf(row, known, circumstances)), ...branches(known, circumstances)],
    caps: { total: env.MAX_AGENTS },
    memory: { free: freeMemory, floor: memoryFloor, perAgent: env.MEMORY_PER_AGENT_MB * 2 ** 20 },
    systems: Object.fromEntries(systems.map((system) => [system.fullName, systemOf(system, known)])),
  }
  return withSpend(present, known, spend)
}

/** The edges by which epics hold their parts back, by the part: what the epic waits for, and its pace. */
export function heldByEpics(known: Known): Map<number, Edge[]> {
  const waiting = epicHolds(known, (edge) => edgeOf(edge, known))
  const held = new Map(waiting)
  for (const [id, edges] of paceEdges(known, waiting)) held.set(id, [...(held.get(id) ?? []), ...edges])
  return held
}

/** What the repositories decide for themselves. */
function rulesOf(known: Known, past: Past): Rules {
  const systems = [...known.systems.values()]
  return {
    unknownBlocker: 'hold',
    repositories: Object.fromEntries(systems.map((system) => [system.fullName, ownRules(settingsOf(system))])),
    ...(past.spread === undefined ? {} : { estimateSpread: past.spread }),
  }
}

/**
 * What keeps an item back: its own edges, and those of its epics.
 * @param held as `heldByEpics` gives it.
 */
export function edgesOf(item: ItemRow, known: Known, held: ReadonlyMap<number, readonly Edge[]>): Edge[] {
  // What an item waits for does not keep it from being planned.
  const own = item.state === 'planning' ? [] : (known.edges.get(item.id) ?? [])
  return [...own.flatMap((edge) => edgeOf(edge, known)), ...(held.get(item.id) ?? [])]
}

/** An item as the scheduler sees it. */
export function itemOf(item: ItemRow, known: Known, { env, past, now }: Circumstances): Item {
  const repository = nameOf(known, item)
  const agentKind = agentFor(item, known.systems.get(item.systemId), env)
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
    footprint: footprintOf(item, known, past),
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
function footprintOf(item: ItemRow, known: Known, past: Past): Item['footprint'] {
  if (item.state === 'planning' || item.kind === 'epic') return 'nothing'
  return [...toldOf(item, known), ...(known.footprints.get(item.id)?.observed ?? []), ...past.pathsOf(item)]
}

function toldOf(item: ItemRow, known: Known): string[] {
  const module = moduleOf(item)
  const declared = module && settingsOf(known.systems.get(item.systemId)).modules[module]?.paths
  return [...(declared || []), ...(known.footprints.get(item.id)?.plan ?? [])]
}

function runOf({ run, item }: Known['runs'][number], known: Known, { past, now }: Circumstances): Run {
  const since = run.startedAt ? now.getTime() - run.startedAt.getTime() : 0
  return {
    item: String(item.id),
    repository: nameOf(known, item),
    agentKind: run.agent,
    footprint: run.purpose === 'build' ? footprintOf(item, known, past) : 'nothing',
    elapsed: since / 3_600_000 / past.pace,
    // Two looks in a row must not both give away the same memory.
    ...(since < youngMs ? { memoryUsed: 0 } : {}),
  }
}

/**
 * Branches in review take no agent and keep what they changed, where the settings say so. Those between two steps, whose
 * attempt has ended and whose pull request is being opened, keep it in any case.
 */
function branches(known: Known, { env }: Circumstances): Run[] {
  const live = new Set(known.runs.map(({ item }) => item.id))
  return [...known.active].flatMap((id): Run[] => {
    const item = known.items.get(id)
    if (!item) return []
    const system = known.systems.get(item.systemId)
    const keeps = working.includes(item.state) || settingsOf(system).schedule.reviewHolds
    if (live.has(id) || !keeps) return []
    const observed = known.footprints.get(item.id)?.observed ?? []
    const footprint = observed.length > 0 ? observed : toldOf(item, known)
    // Nobody knows what it changed: that is no reason to stop everything else until it is merged.
    if (footprint.length === 0) return []
    const agentKind = agentFor(item, system, env)
    return [{ item: String(item.id), repository: nameOf(known, item), agentKind, footprint, agent: false }]
  })
}

function systemOf(system: SystemRow, known: Known): System {
  const { limits, schedule } = settingsOf(system)
  return {
    paused: system.state === 'paused',
    ...(schedule.mode === undefined ? {} : { mode: schedule.mode }),
    ...(limits.agents === undefined ? {} : { cap: limits.agents }),
    weight: schedule.weight,
    hoursUsed: known.hours.get(system.id) ?? 0,
  }
}

function ownRules({ schedule: { skipped, cancelled, unknownFootprint } }: Settings): RepositoryRules {
  return { skipped, cancelled, unknownFootprint }
}

/** A closed issue holds nothing back, whatever became of its item. */
function edgeOf(edge: DependencyRow, known: Known): Edge[] {
  if (edge.blocker === 'closed') return []
  const reference = nameIn(edge)
  const ours = known.named(reference)
  const state = edge.blocker === 'missing' ? ('unknown' as const) : edge.blocker
  const blocker = ours ? { kind: 'item' as const, id: String(ours.id) } : { kind: 'outside' as const, reference, state }
  return [{ item: String(edge.dependentId), blocker, source: edge.source }]
}

function nameOf(known: Known, item: ItemRow): string {
  return known.systems.get(item.systemId)?.fullName ?? ''
}

/** Settings that were stored before a section existed have its defaults. */
function settingsOf(system: SystemRow | undefined): Settings {
  return { ...noSettings, ...system?.settings }
}

const noSettings = defaultSettings()
