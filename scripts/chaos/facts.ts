/** What came of it, counted at GitHub. */

import type { IssueRecord, PullIssue } from '../../src/playground/github/model.ts'
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

/** Every pull request that was ever opened for an issue. */
export function pullsOf({ repository }: Pick<ChaosWorld, 'repository'>, issue: IssueRecord): PullIssue[] {
  return [...repository.issues.values()].filter(
    (one): one is PullIssue => one.pull !== undefined && (one.body ?? '').includes(`Closes #${issue.number}\n`),
  )
}

/** Counts the facts as they are at this moment. */
export function countFacts(world: ChaosWorld): Facts {
  const facts: Facts = { merged: 0, resting: 0, lost: 0, doubled: 0, stuck: 0, details: [] }
  for (const issue of world.issues) countIssue(world, issue, facts)
  return facts
}

function countIssue(world: ChaosWorld, issue: IssueRecord, facts: Facts): void {
  const note = (text: string) => facts.details.push(`#${issue.number}: ${text}`)
  const pulls = pullsOf(world, issue)
  const statuses = issue.comments.filter(({ body }) => body.includes('<!-- tutti:status:'))
  const merged = pulls.filter(({ pull }) => pull.mergedAt)
  const status = statuses.at(-1)?.body ?? ''
  const branch = world.repository.refs.has(`refs/heads/module/issue-${issue.number}`)
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
