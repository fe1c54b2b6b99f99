/** Paths along dependencies, across all items: a new edge must not close a cycle. */

import type { Database } from '../db/connect.ts'
import { openDependencies } from '../db/dependencies.ts'
import { servedRepositories } from '../db/repositories.ts'
import { unfinishedItems } from '../db/work-items.ts'
import type { IssueAddress } from '../domain/github.ts'

const nameOf = ({ repository, number }: IssueAddress) => `${repository.toLowerCase()}#${number}`

/**
 * The shortest path by which one issue already waits for another.
 * @returns the issues from the one to the other; undefined when there is no such path.
 */
export async function findDependencyPath(
  db: Database,
  from: IssueAddress,
  to: IssueAddress,
): Promise<IssueAddress[] | undefined> {
  const repos = new Map((await servedRepositories(db)).map((repo) => [repo.id, repo.fullName]))
  const items = new Map((await unfinishedItems(db)).map((item) => [item.id, item]))
  const waits = new Map<string, IssueAddress[]>()
  for (const edge of await openDependencies(db)) {
    const item = items.get(edge.dependentId)
    const repository = item && repos.get(item.repositoryId)
    if (!item || !repository || edge.blocker === 'closed') continue
    const name = nameOf({ repository, number: item.issueNumber })
    const next = { repository: edge.repository, number: edge.issueNumber }
    waits.set(name, [...(waits.get(name) ?? []), next])
  }
  const goal = nameOf(to)
  const seen = new Set([nameOf(from)])
  const paths: IssueAddress[][] = [[from]]
  for (const path of paths) {
    const last = path.at(-1)
    if (!last) continue
    if (nameOf(last) === goal) return path
    for (const next of waits.get(nameOf(last)) ?? []) {
      if (seen.has(nameOf(next))) continue
      seen.add(nameOf(next))
      paths.push([...path, next])
    }
  }
  return undefined
}
