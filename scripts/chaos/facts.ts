/** What came of it, counted at GitHub. */

import type { IssueRecord, PullIssue, RepositoryRecord } from '../../src/playground/github/model.ts'
import type { ChaosWorld } from './world.ts'

export interface Facts {
  /** Issues whose pull request is merged. */
  merged: number
  /** Issues that are merged and closed, with a status that says so and no branch left, or that are held. */
  resting: number
  /** Issues on which nothing was ever said. */
  lost: number
  /** Pull requests, merges and status comments beyond the first of an issue. */
  doubled: number
  /** Issues that were begun and are not done. */
  stuck: number
  /** What is wrong, a line each. */
  details: string[]
}

/** What is counted, and where each issue is. */
type IssuesOf = Pick<ChaosWorld, 'issues' | 'repositoryOf'>

/** Every pull request that was ever opened for an issue. */
export function pullsOf({ repositoryOf }: Pick<ChaosWorld, 'repositoryOf'>, issue: IssueRecord): PullIssue[] {
  return pullsByIssue(repositoryOf(issue)).get(issue.number) ?? []
}

const read = new WeakMap<RepositoryRecord, { upTo: number; pulls: Map<number, PullIssue[]> }>()

/** The pull requests of a repository by the issue that each closes; only those that are new since the last time are read. */
function pullsByIssue(repository: RepositoryRecord): Map<number, PullIssue[]> {
  const known = read.get(repository) ?? { upTo: 0, pulls: new Map<number, PullIssue[]>() }
  read.set(repository, known)
  while (known.upTo < repository.lastNumber) {
    const one = repository.issues.get(++known.upTo)
    const closes = one?.pull && /Closes #(\d+)\n/.exec(one.body ?? '')?.[1]
    if (!closes) continue
    const pulls = known.pulls.get(Number(closes)) ?? []
    known.pulls.set(Number(closes), [...pulls, one as PullIssue])
  }
  return known.pulls
}

/** Counts the facts as they are at this moment. */
export function countFacts(world: IssuesOf): Facts {
  const facts: Facts = { merged: 0, resting: 0, lost: 0, doubled: 0, stuck: 0, details: [] }
  for (const issue of world.issues) countIssue(world, issue, facts)
  return facts
}

/**
 * How many issues have come to rest. One that was seen resting is not looked at again: for asking often, not for the count at the
 * end.
 */
export function watchRest(world: IssuesOf): () => number {
  const pending = new Set<IssueRecord>()
  let seen = 0
  return () => {
    while (seen < world.issues.length) pending.add(world.issues[seen++] as IssueRecord)
    for (const issue of pending) if (countFacts({ ...world, issues: [issue] }).resting > 0) pending.delete(issue)
    return seen - pending.size
  }
}

function countIssue(world: IssuesOf, issue: IssueRecord, facts: Facts): void {
  const repository = world.repositoryOf(issue)
  const note = (text: string) => facts.details.push(`${repository.name}#${issue.number}: ${text}`)
  const pulls = pullsOf(world, issue)
  const statuses = issue.comments.filter(({ body }) => body.includes('<!-- tutti:status:'))
  const merged = pulls.filter(({ pull }) => pull.mergedAt)
  const status = statuses.at(-1)?.body ?? ''
  const branch = repository.refs.has(`refs/heads/module/issue-${issue.number}`)
  if (merged.length > 0) facts.merged++
  const done = merged.length > 0 && issue.state === 'closed' && status.includes('▰▰▰▰▰ Done') && !branch
  const held = status.includes('Held: needs a person')
  if (done || held) facts.resting++
  for (const [what, count] of [
    ['pull requests', pulls.length],
    ['merges', merged.length],
    ['status comments', statuses.length],
  ] as const) {
    if (count <= 1) continue
    facts.doubled += count - 1
    note(`${count} ${what}`)
  }
  if (done) return
  if (statuses.length === 0 && pulls.length === 0) {
    facts.lost++
    note('nothing was ever said')
    return
  }
  facts.stuck++
  const state = /\*\*([^*]+)\*\*/.exec(status)?.[1] ?? status.split('\n').find((line) => line.includes('▰')) ?? ''
  note(
    `is not done: ${state.trim() || 'no status'}${branch ? ', its branch is left' : ''}, issue ${issue.state}, ${merged.length} merged`,
  )
}
