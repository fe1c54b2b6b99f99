/** Works a backlog off in virtual time, event by event, as a running Tutti would. */
import { choose } from '../../src/scheduler/choose.ts'
import { type OptimiseOptions, optimise } from '../../src/scheduler/optimiser/optimise.ts'
import type { Edge, Item, Run, SchedulePlan, Snapshot } from '../../src/scheduler/types.ts'
import type { Instance } from './schedule-instances.ts'

const REPOSITORY = 'bench/shop'

/** One unit of an instance's time is one hour of ours. */
type Clock = { now: number; finish: Map<number, number>; begun: Map<number, number>; done: Set<number> }

/** Which of the tasks that could start should, given what runs. */
export type Decide = (clock: Clock) => number[]

/**
 * @param actual how long each task really takes.
 * @returns the time when the last one is done.
 * @throws {Error} when `decide` starts something too early or twice, overlaps footprints, uses too many agents, or stops.
 */
export function drive(instance: Instance, agents: number, actual: readonly number[], decide: Decide): number {
  const clock: Clock = { now: 0, finish: new Map(), begun: new Map(), done: new Set() }
  while (clock.done.size < instance.durations.length) {
    for (const task of decide(clock)) {
      admit(instance, agents, clock, task)
      clock.begun.set(task, clock.now)
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

/** A rule as in textbooks: whenever an agent is free, the ready task with the highest key that fits. */
export function byRule(instance: Instance, agents: number, keys: readonly number[]): Decide {
  const ranked = [...instance.durations.keys()].sort((a, b) => (keys[b] ?? 0) - (keys[a] ?? 0) || a - b)
  return (clock) => {
    const running = [...clock.finish.keys()]
    const starts: number[] = []
    for (const task of ranked) {
      if (running.length + starts.length === agents) break
      if (clock.begun.has(task) || !isFree(instance, clock, task)) continue
      if (![...running, ...starts].some((other) => overlap(instance, task, other))) starts.push(task)
    }
    return starts
  }
}

export type Following = {
  /** Undefined: no plan, the incremental rule alone. */
  improve?: OptimiseOptions
  /** Looks for a plan again after every task whose duration was off. */
  again?: OptimiseOptions
  /** What the history of such items says about their estimates. */
  estimateSpread: number
}

/** The scheduler that serves people: `choose` on the whole snapshot at every event, with a plan made beforehand. */
export function byChoose(
  instance: Instance,
  agents: number,
  estimates: readonly number[],
  following: Following,
): Decide {
  const edges = edgesOf(instance)
  let plan: SchedulePlan | undefined
  let backlog = 0
  return (clock) => {
    const snapshot: Snapshot = {
      items: instance.durations.map((_, task) => itemOf(instance, clock, task, estimates)),
      edges,
      runs: [...clock.finish.keys()].map((task) => runOf(instance, clock, task)),
      caps: { total: agents },
      rules: { estimateSpread: following.estimateSpread },
      plan,
    }
    const options = clock.begun.size === 0 ? following.improve : clock.done.size > backlog ? following.again : undefined
    backlog = clock.done.size
    if (options) plan = optimise(snapshot, options) ?? plan
    return choose({ ...snapshot, plan })
      .filter((decision) => decision.action === 'start')
      .map((decision) => decision.item.number)
  }
}

function itemOf(instance: Instance, clock: Clock, task: number, estimates: readonly number[]): Item {
  const begun = clock.begun.has(task) ? 'running' : 'ready'
  return {
    id: String(task),
    repository: REPOSITORY,
    number: task,
    state: clock.done.has(task) ? 'done' : begun,
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
    elapsed: clock.now - (clock.begun.get(task) ?? clock.now),
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

function admit(instance: Instance, agents: number, clock: Clock, task: number): void {
  const wrong = (why: string) => new Error(`${instance.file}: task ${task} at ${clock.now} ${why}`)
  if (clock.begun.has(task)) throw wrong('starts twice')
  if (!isFree(instance, clock, task)) throw wrong('starts before what it waits for')
  if (clock.finish.size >= agents) throw wrong(`is one agent too many`)
  for (const other of clock.finish.keys())
    if (overlap(instance, task, other)) throw wrong(`touches the files of ${other}`)
}
