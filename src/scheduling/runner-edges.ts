/** An item waits while no runner that is up has what it asks for. */

import { settingsOf } from '../db/repository-settings.ts'
import { canTake, wantsOf } from '../lib/runner-labels.ts'
import type { Edge } from '../scheduler/types.ts'
import type { Backlog } from './backlog-snapshot.ts'

/**
 * The edges to the runner that is missing, by the item that waits for it. Pure.
 * @param runners the labels of each one that is up; where there is none, the limit of slots says so. Undefined: not known.
 */
export function runnerEdges(
  backlog: Backlog,
  runners: readonly (readonly string[])[] | undefined,
): Map<number, Edge[]> {
  const edges = new Map<number, Edge[]>()
  if (!runners || runners.length === 0) return edges
  const asked = new Map([...backlog.repos].map(([id, repo]) => [id, settingsOf(repo).runner.labels]))
  // By far most items ask for nothing, and every pass comes by here.
  const anybody = runners.some((has) => canTake(has, []))
  for (const item of backlog.items.values()) {
    const ofRepository = asked.get(item.repositoryId) ?? []
    const own = item.labels.filter((label) => /^runner:/i.test(label))
    if (anybody && own.length + ofRepository.length === 0) continue
    const wants = wantsOf(ofRepository, own)
    if (runners.some((has) => canTake(has, wants))) continue
    const blocker = { kind: 'outside' as const, reference: wants.join(', '), state: 'open' as const }
    edges.set(item.id, [{ item: String(item.id), blocker, source: 'runner' }])
  }
  return edges
}
