/** Seeded backlogs and what may happen to them, with every feature of the scheduler in play. */

import type { ItemState } from '../../src/lib/item-state.ts'
import { type Random, randomInt, seeded } from '../../src/scheduler/optimiser/random.ts'
import type { ScheduleEvent } from '../../src/scheduler/schedule.ts'
import type { Blocker, Edge, EdgeSource, Item, RepositoryState, Run, Snapshot } from '../../src/scheduler/types.ts'

const PATHS = ['src/a', 'src/a/one.ts', 'src/*/two.ts', 'src/b', 'docs', 'docs/*.md', '**/*.json', '{lib,src}/c']
const STATES: ItemState[] = [
  'ready',
  'ready',
  'ready',
  'ready',
  'reviewing',
  'held',
  'done',
  'done',
  'skipped',
  'cancelled',
]
const SOURCES: EdgeSource[] = ['native', 'body', 'plan']

/** A backlog as plain data that can be changed by events and read as a snapshot at any time. */
export class Model {
  readonly random: Random
  readonly items = new Map<string, Item>()
  readonly edges = new Map<string, Edge>()
  readonly runs = new Map<string, Run>()
  rest: Omit<Snapshot, 'items' | 'edges' | 'runs'>
  readonly #size: number

  constructor(seed: number, size: number) {
    this.random = seeded(seed)
    this.#size = size
    const any = <T>(values: readonly T[]): T => this.#any(values)
    this.rest = {
      caps: {
        total: any([2, 4, undefined]),
        perRepository: any([undefined, 3]),
        perAgentKind: any([undefined, { other: 1 }]),
      },
      rules: {
        skipped: any(['release', 'hold']),
        unknownBlocker: any(['release', 'hold']),
        unknownFootprint: any(['free', 'exclusive']),
        fairness: any(['repositories', 'none']),
        ageingHours: any([undefined, 5]),
        estimateSpread: any([0, 0.4]),
        repositories: any([
          undefined,
          { 'o/r2': { skipped: 'hold', cancelled: 'release', unknownFootprint: 'exclusive' } },
        ]),
      },
    }
    for (let number = 0; number < size; number++) this.#put(this.#item(number))
    for (let edge = 0; edge < 1.2 * size; edge++) this.take(this.#edgeEvent())
    for (const event of [this.#runEvent(), this.#runEvent()]) if (event) this.take(event)
  }

  snapshot(): Snapshot {
    return {
      items: [...this.items.values()],
      edges: [...this.edges.values()],
      runs: [...this.runs.values()],
      ...this.rest,
    }
  }

  /** Something that may happen next. */
  event(): ScheduleEvent {
    const dice = this.random()
    if (dice < 0.3) return { kind: 'item', item: this.#item(randomInt(this.random, this.#size + 3)) }
    if (dice < 0.35) return { kind: 'item-removed', id: this.#id(randomInt(this.random, this.#size)) }
    if (dice < 0.55) return this.#edgeEvent()
    if (dice < 0.7) return { kind: 'edge-removed', edge: this.#any([...this.edges.values()]) }
    if (dice < 0.85) return this.#runEvent() ?? this.#edgeEvent()
    if (dice < 0.95 && this.runs.size > 0) return { kind: 'run-ended', item: this.#any([...this.runs.keys()]) }
    return this.random() < 0.5 ? { kind: 'limits', limits: this.#limits() } : { kind: 'plan', plan: this.#plan() }
  }

  /** Changes the data as the event says. */
  take(event: ScheduleEvent): void {
    switch (event.kind) {
      case 'item':
        this.#put(event.item)
        break
      case 'item-removed':
        this.items.delete(event.id)
        break
      case 'edge':
        this.edges.set(keyOf(event.edge), event.edge)
        break
      case 'edge-removed':
        this.edges.delete(keyOf(event.edge))
        break
      case 'run':
        this.runs.set(event.run.item, event.run)
        break
      case 'run-ended':
        this.runs.delete(event.item)
        break
      case 'limits':
        this.rest = { rules: this.rest.rules, plan: this.rest.plan, ...event.limits }
        break
      case 'plan':
        this.rest = { ...this.rest, plan: event.plan }
    }
  }

  #put(item: Item): void {
    this.items.set(item.id, item)
  }

  #id(number: number): string {
    return `o/r${number % 3 === 0 ? 2 : 1}#${number}`
  }

  #any<T>(values: readonly T[]): T {
    const value = values[randomInt(this.random, values.length)]
    return value as T
  }

  #item(number: number): Item {
    const paths = Array.from({ length: randomInt(this.random, 3) }, () => this.#any(PATHS))
    const footprint = this.random() < 0.1 ? 'nothing' : paths
    return {
      id: this.#id(number),
      repository: this.#id(number).split('#')[0] ?? '',
      number,
      state: this.#any(STATES),
      effort: this.#any([undefined, 1, 2, 8, 0.3]),
      priority: this.#any([undefined, 0, 1, 2, 3]),
      since: randomInt(this.random, 5) * 3_600_000,
      experience: this.#any([undefined, 0.5, 1]),
      footprint,
      agentKind: this.#any(['scripted', 'scripted', 'other']),
      ...(this.random() < 0.2 ? { sentBack: true } : {}),
    }
  }

  #edgeEvent(): ScheduleEvent {
    const [item, other] = [randomInt(this.random, this.#size), randomInt(this.random, this.#size)]
    const source = this.#any(SOURCES)
    if (this.random() < 0.1) {
      const state = this.#any(['open', 'closed', 'unknown'] as const)
      const blocker: Blocker = { kind: 'outside', reference: `x/y#${other % 3}`, state }
      return { kind: 'edge', edge: { item: this.#id(item), blocker, source } }
    }
    // Mostly forward, so that cycles are there and not everything is one.
    const [low, high] = this.random() < 0.95 ? [Math.min(item, other), Math.max(item, other)] : [item, other]
    return { kind: 'edge', edge: { item: this.#id(high), blocker: { kind: 'item', id: this.#id(low) }, source } }
  }

  #runEvent(): ScheduleEvent | undefined {
    const item = this.#any([...this.items.values()])
    if (!item) return undefined
    const run: Run = {
      item: item.id,
      repository: item.repository,
      agentKind: item.agentKind,
      footprint:
        item.footprint === 'nothing'
          ? item.footprint
          : [...item.footprint, ...(this.random() < 0.3 ? [this.#any(PATHS)] : [])],
      agent: this.random() < 0.8,
      elapsed: this.#any([0, 1, 5]),
      memoryUsed: this.#any([undefined, 1]),
      reserved: this.#any([undefined, 2]),
    }
    return { kind: 'run', run }
  }

  #limits(): Extract<ScheduleEvent, { kind: 'limits' }>['limits'] {
    return {
      caps: { total: this.#any([1, 3, undefined]), perRepository: this.#any([undefined, 2]) },
      memory: this.#any([undefined, { free: 9, floor: 1, perAgent: 2 }]),
      budget: this.#any([undefined, { left: 10, perRun: 2 }]),
      repos: this.#any<Record<string, RepositoryState> | undefined>([
        undefined,
        { 'o/r1': { paused: true } },
        { 'o/r1': { singletons: ['other'] }, 'o/r2': { singletons: ['scripted'] } },
        { 'o/r2': { mode: 'sequential', hoursUsed: 3, weight: 2 } },
      ]),
    }
  }

  #plan(): Snapshot['plan'] {
    if (this.random() < 0.3) return undefined
    const ids = [...this.items.keys()].sort(() => this.random() - 0.5)
    return { order: ids.slice(0, randomInt(this.random, ids.length + 1)), makespan: 10 }
  }
}

function keyOf({ item, blocker, source }: Edge): string {
  return `${item} ${source} ${blocker.kind === 'item' ? blocker.id : blocker.reference}`
}
