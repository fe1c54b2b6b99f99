/** The cost of one event for the scheduler in a large backlog. */
import { parseArgs } from 'node:util'
import { OperatorError } from '../src/lib/errors.ts'
import { type Random, randomInt, seeded } from '../src/scheduler/optimiser/random.ts'
import { Schedule, type ScheduleEvent } from '../src/scheduler/schedule.ts'
import type { Edge, Item } from '../src/scheduler/types.ts'
import { anyEdge, largeBacklog } from './lib/schedule-backlog.ts'
import { printHistory } from './lib/schedule-history.ts'

/** One line for the list of benchmarks. */
export const about = 'the next decision after one event, in a backlog of 100,000 items; --history REPO rates footprints'

type Size = { items: number; edges: number; agents: number; events: number }
type Figures = { items: number; edges: number; buildMs: number; done: Times; other: Times; heapMb: number }
type Times = { events: number; meanMs: number; p50Ms: number; p95Ms: number; maxMs: number }

const USAGE =
  'usage: npm run bench -- schedule [--items N] [--edges M] [--agents K] [--events E] [--seed S] [--json] | --history REPO'

/** Events before the measurement, so that both sizes are measured with compiled code. */
const WARM_UP = 2000

/**
 * Finishes one item after another in a backlog and measures the time from the event to the next decision and its start.
 * Then it measures new and removed edges and changed efforts. It also measures a backlog of a tenth of the size, for
 * the growth.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      items: { type: 'string', default: '100000' },
      edges: { type: 'string', default: '300000' },
      agents: { type: 'string', default: '50' },
      events: { type: 'string', default: '5000' },
      seed: { type: 'string', default: '1' },
      history: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  if (values.history !== undefined) return printHistory(values.history, values.json)
  const [items, edges, agents, events] = [values.items, values.edges, values.agents, values.events].map(Number)
  if (!items || !edges || !agents || !events || items < 100)
    throw new OperatorError('items, edges, agents and events are numbers above 0', USAGE)
  // The large one first: its peak memory then includes nothing of the small one.
  const seed = Number(values.seed)
  const large = measure({ items, edges, agents, events }, seeded(seed))
  const peakMb = process.resourceUsage().maxRSS / 1024
  const small = measure({ items: Math.round(items / 10), edges: Math.round(edges / 10), agents, events }, seeded(seed))
  const growth = large.done.meanMs / small.done.meanMs
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ small, large, growth, peakMb })}\n`)
    return
  }
  process.stdout.write(
    [
      ...[small, large].flatMap(lines),
      `growth of the mean cost per event: ${growth.toFixed(2)} ×`,
      `peak memory of the process with the large one: ${peakMb.toFixed(0)} MB`,
      '',
    ].join('\n'),
  )
}

/** The benchmark keeps this many edges, to remove them later. */
const KEPT_EDGES = 10_000

function build({ items, edges, agents }: Size, random: Random) {
  const snapshot = largeBacklog(items, edges, agents, random)
  const before = performance.now()
  const schedule = new Schedule(snapshot)
  const buildMs = performance.now() - before
  const byId = new Map(snapshot.items.map((item) => [item.id, item]))
  const every = Math.ceil(edges / KEPT_EDGES)
  const some = snapshot.edges.filter((_, at) => at % every === 0)
  return { schedule, byId, all: snapshot.items, some, buildMs }
}

function measure(size: Size, random: Random): Figures {
  const { schedule, byId, all, some, buildMs } = build(size, random)
  const { items, edges, events } = size
  const running: Item[] = []
  const finished = new Set<string>()
  const startNext = () => {
    for (const decision of schedule.next()) {
      const item = byId.get(decision.item.id)
      if (!item) continue
      running.push(item)
      schedule.apply({
        kind: 'run',
        run: { item: item.id, repository: item.repository, agentKind: item.agentKind, footprint: item.footprint },
      })
    }
  }
  const finishOne = () => {
    const at = randomInt(random, running.length)
    const item = running[at]
    const last = running.pop()
    if (!item || !last) throw new Error('nothing is running')
    if (last !== item) running[at] = last
    finished.add(item.id)
    schedule.apply({ kind: 'item', item: { ...item, state: 'done' } })
    schedule.apply({ kind: 'run-ended', item: item.id })
  }
  startNext()
  const warmUp = Math.floor(Math.min(WARM_UP, items / 5))
  const count = Math.floor(Math.min(events, items / 2))
  const done = timed(warmUp, count, () => {
    finishOne()
    startNext()
  })
  const other = timed(warmUp, count, () => {
    schedule.apply(randomChange(all, some, finished, random))
    startNext()
  })
  return { items, edges, buildMs, done, other, heapMb: process.memoryUsage().heapUsed / 2 ** 20 }
}

/**
 * Adds or removes an edge, or changes an effort. Edges always lead to earlier items, so that no cycle stops the
 * backlog.
 */
function randomChange(
  items: readonly Item[],
  edges: readonly Edge[],
  finished: ReadonlySet<string>,
  random: Random,
): ScheduleEvent {
  const dice = random()
  const item = items[randomInt(random, items.length)]
  const edge = edges[randomInt(random, edges.length)]
  if (dice < 0.4 || !item || !edge) return { kind: 'edge', edge: anyEdge(items, random) }
  if (dice < 0.7 || finished.has(item.id)) return { kind: 'edge-removed', edge }
  return { kind: 'item', item: { ...item, effort: 1 + randomInt(random, 8) } }
}

function timed(warmUp: number, events: number, act: () => void): Times {
  for (let event = 0; event < warmUp; event++) act()
  const times: number[] = []
  for (let event = 0; event < events; event++) {
    const start = performance.now()
    act()
    times.push(performance.now() - start)
  }
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(part * times.length))] ?? 0
  const meanMs = times.reduce((sum, one) => sum + one, 0) / times.length
  return { events, meanMs, p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) }
}

function lines({ items, edges, buildMs, done, other, heapMb }: Figures): string[] {
  const summary = (times: Times) =>
    `mean ${times.meanMs.toFixed(4)}, p50 ${times.p50Ms.toFixed(4)}, p95 ${times.p95Ms.toFixed(4)}, max ${times.maxMs.toFixed(2)} ms`
  return [
    `${items} items, ${edges} edges, built in ${buildMs.toFixed(0)} ms, heap ${heapMb.toFixed(0)} MB`,
    `  an item is done → the next decision: ${summary(done)}`,
    `  an edge or an effort changes → the next decision: ${summary(other)}`,
  ]
}
