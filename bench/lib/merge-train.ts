/** A merge queue that is played through by the real rules, with a test that fails when a broken pull request is in it. */

import { nextGroup, orderQueue, suspectsIn, type TestedGroup } from '../../src/domain/merge-queue.ts'
import { type Random, randomInt } from '../../src/scheduler/optimiser/random.ts'

export interface TrainOptions {
  pulls: number
  /** How many of them break what was merged before. */
  broken: number
  /** How many are tested together at most. */
  batch: number
  /** The share of failures whose log names a file of a broken one; the others say nothing. */
  tells: number
  random: Random
}

export interface TrainResult {
  tests: number
  /** In their order. */
  merged: number[]
  sentBack: number[]
}

/**
 * Runs until nothing waits. Pull request `n` changes `src/module-n/code.ts`. The same files are not tested twice, as in
 * the product.
 */
export function playTrain({ pulls, broken, batch, tells, random }: TrainOptions): TrainResult {
  const ids = Array.from({ length: pulls }, (_, at) => at + 1)
  const bad = new Set<number>()
  while (bad.size < broken) bad.add(ids[randomInt(random, pulls)] ?? 1)
  const waiting = new Set(ids)
  const result: TrainResult = { tests: 0, merged: [], sentBack: [] }
  const tested: (TestedGroup & { log: string })[] = []
  const known = new Map<string, { failed: boolean; log: string }>()
  while (waiting.size > 0) {
    const order = orderQueue(
      [...waiting].map((id) => ({ id, priority: 2, since: id })),
      [],
    ).map(({ id }) => id)
    const view = tested.map((one) => ({ ...one, suspects: suspectsIn(one.log, pathsOf(one.members, waiting)) }))
    const group = nextGroup(order, { merged: new Set(result.merged), tested: view, most: batch })
    const files = [...result.merged, ...group].toSorted((a, b) => a - b).join()
    const verdict = known.get(files) ?? test(group)
    known.set(files, verdict)
    if (verdict.failed && group.length === 1) {
      for (const id of group) waiting.delete(id)
      result.sentBack.push(...group)
      continue
    }
    tested.unshift({ members: group, verdict: verdict.failed ? 'failed' : 'passed', suspects: [], log: verdict.log })
    if (verdict.failed) continue
    for (const id of group) waiting.delete(id)
    result.merged.push(...group)
  }
  return result

  function test(group: readonly number[]) {
    result.tests++
    const culprits = group.filter((id) => bad.has(id))
    const [first] = culprits
    const log = first !== undefined && random() < tells ? `FAIL ${path(first)}` : 'FAIL'
    return { failed: culprits.length > 0, log: culprits.length > 0 ? log : '' }
  }
}

const path = (id: number) => `src/module-${id}/code.ts`
const pathsOf = (members: readonly number[], waiting: ReadonlySet<number>) =>
  members.filter((id) => waiting.has(id)).map((id) => ({ id, paths: [path(id)] }))
