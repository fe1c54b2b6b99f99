/** Generates a large backlog, as an organisation would have it, from a seed. */
import { type Random, randomInt } from '../../src/scheduler/optimiser/random.ts'
import type { Edge, Item, Snapshot } from '../../src/scheduler/types.ts'

const REPOSITORIES = 20
const MODULES = 30
const PARTS = 10

// All items share the strings of names, as rows from a table do.
const repositories = Array.from({ length: REPOSITORIES }, (_, at) => `bench/repository-${at}`)
const modules = Array.from({ length: MODULES }, (_, at) => {
  const name = `module-${at}`
  return {
    name,
    all: `src/${name}/**`,
    files: Array.from({ length: PARTS }, (_, part) => `src/${name}/part-${part}/file.ts`),
  }
})

/** A dependency reaches back at most this share of the backlog: roadmaps follow one another. */
const REACH = 0.1

/**
 * Items spread over 20 repositories of 30 modules, with footprints of a directory or two files, and edges that lead
 * from later items to earlier ones.
 */
export function largeBacklog(items: number, edges: number, agents: number, random: Random): Snapshot {
  const all = Array.from({ length: items }, (_, number) => anyItem(number, random))
  const caps = { total: agents }
  return { items: all, edges: Array.from({ length: edges }, () => anyEdge(all, random)), runs: [], caps }
}

/** An edge from a later item to an earlier one. */
export function anyEdge(items: readonly Item[], random: Random): Edge {
  const later = 1 + randomInt(random, items.length - 1)
  const back = 1 + randomInt(random, Math.max(1, Math.min(later, Math.ceil(items.length * REACH))))
  const [item, blocker] = [items[later], items[Math.max(0, later - back)]]
  if (!item || !blocker) throw new Error('a backlog needs two items for an edge')
  return { item: item.id, blocker: { kind: 'item', id: blocker.id }, source: 'native' }
}

function anyItem(number: number, random: Random): Item {
  const module = oneOf(modules, random)
  return {
    id: `item-${number}`,
    repository: oneOf(repositories, random),
    number,
    state: 'ready',
    effort: [1, 2, 4, 8][randomInt(random, 4)] ?? 2,
    priority: ([0, 1, 2, 2, 2, 3, 3] as const)[randomInt(random, 7)] ?? 2,
    since: number,
    module: module.name,
    footprint: random() < 0.3 ? [module.all] : [oneOf(module.files, random), oneOf(module.files, random)],
    agentKind: random() < 0.5 ? 'claude-code' : 'codex',
  }
}

function oneOf<T>(values: readonly T[], random: Random): T {
  return values[randomInt(random, values.length)] as T
}
