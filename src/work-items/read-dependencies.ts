/** The issues that a text waits for, and whether each of them is still open. */

import type { Store } from '../db/connect.ts'
import type { DependencyRow } from '../db/dependencies.ts'
import { type RepositoryRow, repositoryByName } from '../db/repositories.ts'
import { itemOfIssue } from '../db/work-items.ts'
import { dependenciesIn, type IssueReference } from '../domain/dependency-lines.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { type GitHub, NotFound } from '../github/github.ts'

type Edge = Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>

/**
 * The issues that a body names, each with its state: from our own table where it is ours, otherwise asked once.
 * @param repo the repository that the body belongs to.
 * @throws what the GitHub client throws, unless the issue cannot be found: that is the state `missing`.
 */
export async function edgesIn(
  services: { store: Store; github: GitHub },
  repo: RepositoryRow,
  body: string,
): Promise<Edge[]> {
  return Promise.all(dependenciesIn(body, repo.fullName).map((named) => edgeTo(services, repo, named)))
}

async function edgeTo(
  { store, github }: { store: Store; github: GitHub },
  from: RepositoryRow,
  { repository, number }: IssueReference,
): Promise<Edge> {
  const edge = { repository, issueNumber: number }
  const repo = await repositoryByName(store.db, repository)
  const ours = repo && (await itemOfIssue(store.db, repo.id, number))
  if (ours?.state === 'done') return { ...edge, blocker: 'closed' }
  // Of one that was given up only GitHub knows whether its issue is closed.
  if (ours && !terminalStates.includes(ours.state)) return { ...edge, blocker: 'open' }
  try {
    const where = repo ?? { fullName: repository, installationId: from.installationId }
    const issue = await github.repository(where).issue(number)
    return { ...edge, blocker: issue.state }
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    return { ...edge, blocker: 'missing' }
  }
}
