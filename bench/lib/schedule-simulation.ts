/** Simulates the work on a backlog in virtual time, event by event, as a running Tutti would do it. */
import { choose } from '../../src/scheduler/choose.ts'
import { type OptimiseOptions, optimise } from '../../src/scheduler/optimiser/optimise.ts'
import type { Edge, Item, Run, SchedulePlan, Snapshot } from '../../src/scheduler/types.ts'
import type { Instance } from './schedule-instances.ts'

const REPOSITORY = 'bench/shop'

/** One unit of an instance's time is one hour. */
type Clock = { now: number; finish: Map<number, number>; started: Map<number, number>; done: Set<number> }

/** Which tasks start now. */
export type Decide = (clock: Clock) => number[]

/**
 * @param actual the actual duration of each task.
 * @returns the time when the last one is done.
 * @throws {Error} when `decide` starts something too early or twice, overlaps footprints, uses too many agents, or
 * starts nothing.
 */
export function simulate(instance: Instance, agents: number, actual: readonly number[], decide: Decide): number {
  const clock: Clock = { now: 0, finish: new Map(), started: new Map(), done: new Set() }
  while (clock.done.size < instance.durations.length) {
    for (const task of decide(clock)) {
      checkStart(instance, agents, clock, task)
      clock.started.set(task, clock.now)
      clock.finish.set(task, clock.now + (actual[task] ?? 0))
    }
    if (clock.finish.size === 0) throw new Error(`${instance.file}: nothing runs and nothing starts at ${clock.now}`)
    clock.now = Math.min(...clock.finish.values())
    for (const [task, finish] of clock.finish) {
      if (finish > clock.now) continue
      clock.finish.delete(task)
      clock.done.add(task)
    }
  }
  return clock.now
}

/** A priority rule as in textbooks: a free agent starts the ready task with the highest key that fits. */
export function byRule(instance: Instance, agents: number, keys: readonly number[]): Decide {
  const ranked = [...instance.durations.keys()].sort((a, b) => (keys[b] ?? 0) - (keys[a] ?? 0) || a - b)
  return (clock) => {
    const running = [...clock.finish.keys()]
    const starts: number[] = []
    for (const task of ranked) {
      if (running.length + starts.length === agents) break
      if (clock.started.has(task) || !isFree(instance, clock, task)) continue
      if (![...running, ...starts].some((other) => overlap(instance, task, other))) starts.push(task)
    }
    return starts
  }
}

export type PlanOptions = {
  /** Undefined: no plan, the incremental rule alone. */
  plan?: OptimiseOptions
  /** Options for a new plan after every task with a wrong duration. */
  replan?: OptimiseOptions
  /** The error of the estimates, as the history of such items would give it. */
  estimateSpread: number
}

/** The product's scheduler: `choose` on the whole snapshot at every event, with a plan from the start. */
export function byChoose(
  instance: Instance,
  agents: number,
  estimates: readonly number[],
  options: PlanOptions,
): Decide {
  const edges = edgesOf(instance)
  let plan: SchedulePlan | undefined
  let doneBefore = 0
  return (clock) => {
    const snapshot: Snapshot = {
      items: instance.durations.map((_, task) => itemOf(instance, clock, task, estimates)),
      edges,
      runs: [...clock.finish.keys()].map((task) => runOf(instance, clock, task)),
      caps: { total: agents },
      rules: { estimateSpread: options.estimateSpread },
      plan,
    }
    const search = clock.started.size === 0 ? options.plan : clock.done.size > doneBefore ? options.replan : undefined
    doneBefore = clock.done.size
    if (search) plan = optimise(snapshot, search) ?? plan
    return choose({ ...snapshot, plan })
      .filter((decision) => decision.action === 'start')
      .map((decision) => decision.item.number)
  }
}

function itemOf(instance: Instance, clock: Clock, task: number, estimates: readonly number[]): Item {
  const state = clock.started.has(task) ? 'running' : 'ready'
  return {
    id: String(task),
    repository: REPOSITORY,
    number: task,
    state: clock.done.has(task) ? 'done' : state,
    effort: estimates[task] ?? 0,
    since: 0,
    footprint: instance.footprints[task] ?? [],
    agentKind: 'scripted',
  }
}

function runOf(instance: Instance, clock: Clock, task: number): Run {
  return {
    item: String(task),
    repository: REPOSITORY,
    agentKind: 'scripted',
    footprint: instance.footprints[task] ?? [],
    elapsed: clock.now - (clock.started.get(task) ?? clock.now),
  }
}

function edgesOf(instance: Instance): Edge[] {
  return instance.waitsFor.flatMap((blockers, task) =>
    blockers.map((id): Edge => ({ item: String(task), blocker: { kind: 'item', id: String(id) }, source: 'native' })),
  )
}

function isFree(instance: Instance, clock: Clock, task: number): boolean {
  return (instance.waitsFor[task] ?? []).every((blocker) => clock.done.has(blocker))
}

function overlap(instance: Instance, a: number, b: number): boolean {
  return (instance.footprints[a] ?? []).some((path) => instance.footprints[b]?.includes(path))
}

function checkStart(instance: Instance, agents: number, clock: Clock, task: number): void {
  const violation = (why: string) => new Error(`${instance.file}: task ${task} at ${clock.now} ${why}`)
  if (clock.started.has(task)) throw violation('starts twice')
  if (!isFree(instance, clock, task)) throw violation('starts before its blockers are done')
  if (clock.finish.size >= agents) throw violation(`is one agent too many`)
  for (const other of clock.finish.keys())
    if (overlap(instance, task, other)) throw violation(`touches the files of ${other}`)
}
