/** The issues that a text waits for, and whether each of them is still open. */

import type { Store } from '../db/connect.ts'
import { type DependencyRow, itemOfIssue, type SystemRow, systemOfName } from '../db/work-items.ts'
import { dependenciesIn, type IssueReference } from '../domain/dependency-lines.ts'
import { finished } from '../domain/lifecycle.ts'
import { type GitHub, NotFound } from '../github/types.ts'

type Edge = Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>

/**
 * The issues that a body names, each with its state: from our own table where it is ours, otherwise asked once.
 * @param system the repository that the body belongs to.
 * @throws what the GitHub client throws, unless the issue cannot be found: that is the state `missing`.
 */
export async function edgesIn(
  parts: { store: Store; github: GitHub },
  system: SystemRow,
  body: string,
): Promise<Edge[]> {
  return Promise.all(dependenciesIn(body, system.fullName).map((named) => edgeTo(parts, system, named)))
}

async function edgeTo(
  { store, github }: { store: Store; github: GitHub },
  from: SystemRow,
  { repository, number }: IssueReference,
): Promise<Edge> {
  const edge = { repository, issueNumber: number }
  const system = await systemOfName(store.db, repository)
  const ours = system && (await itemOfIssue(store.db, system.id, number))
  if (ours?.state === 'done') return { ...edge, blocker: 'closed' }
  // Of one that was given up only GitHub knows whether its issue is closed.
  if (ours && !finished.includes(ours.state)) return { ...edge, blocker: 'open' }
  try {
    const where = system ?? { fullName: repository, installationId: from.installationId }
    const issue = await github.repository(where).issue(number)
    return { ...edge, blocker: issue.state }
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    return { ...edge, blocker: 'missing' }
  }
}
