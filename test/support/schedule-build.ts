/** Short ways to write down a backlog. */
import type { Edge, EdgeSource, Item, Run, Snapshot } from '../../src/scheduler/types.ts'

/** A ready item of `o/r` that began to wait at the time `number`. */
export function item(number: number, rest: Partial<Item> = {}): Item {
  return {
    id: `o/r#${number}`,
    repository: 'o/r',
    number,
    state: 'ready',
    since: number,
    footprint: [],
    agentKind: 'scripted',
    ...rest,
  }
}

/** Item `number` of `o/r` waits for item `blocker`. */
export function dependsOn(number: number, blocker: number, source: EdgeSource = 'body'): Edge {
  return { item: `o/r#${number}`, blocker: { kind: 'item', id: `o/r#${blocker}` }, source }
}

export function run(number: number, rest: Partial<Run> = {}): Run {
  return { item: `o/r#${number}`, repository: 'o/r', agentKind: 'scripted', footprint: [], ...rest }
}

export function snapshot(rest: Partial<Snapshot>): Snapshot {
  return { items: [], edges: [], runs: [], ...rest }
}
