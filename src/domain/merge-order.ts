/** The order in which pull requests are merged and brought up to date. Pure. */

/** `first` must be merged before `second`. Both are ids of work items. */
export interface Before {
  first: number
  second: number
}

/** What items of one repository wait for among themselves. @param repository `owner/name`, in any case. */
export function edgesAmong(
  items: readonly { id: number; issueNumber: number }[],
  dependencies: readonly { dependentId: number; repository: string; issueNumber: number }[],
  repository: string,
): Before[] {
  const byIssue = new Map(items.map((item) => [item.issueNumber, item.id]))
  return dependencies.flatMap((edge) => {
    const first = edge.repository === repository.toLowerCase() ? byIssue.get(edge.issueNumber) : undefined
    return first === undefined ? [] : [{ first, second: edge.dependentId }]
  })
}

/**
 * Sorts so that everything comes after what it depends on, and otherwise stays as it is. What depends on itself in a
 * circle stays as it is, too.
 */
export function inDependencyOrder<One extends { id: number }>(ones: readonly One[], edges: readonly Before[]): One[] {
  const ids = new Set(ones.map(({ id }) => id))
  const waitsFor = new Map<number, Set<number>>()
  for (const { first, second } of edges) {
    if (!ids.has(first) || !ids.has(second) || first === second) continue
    waitsFor.set(second, (waitsFor.get(second) ?? new Set()).add(first))
  }
  const sorted: One[] = []
  const left = [...ones]
  while (left.length > 0) {
    const missing = new Set(left.map(({ id }) => id))
    const free = left.findIndex(({ id }) => [...(waitsFor.get(id) ?? [])].every((other) => !missing.has(other)))
    const [next] = left.splice(Math.max(0, free), 1)
    if (next) sorted.push(next)
  }
  return sorted
}
