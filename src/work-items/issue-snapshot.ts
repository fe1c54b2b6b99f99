/** An issue as it was seen, and the time of its newest known event. */

import type { Tx } from '../db/connect.ts'
import { recordEventTime } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { IssueChanged, IssueSnapshot, PullRequestSnapshot, RepositoryIdentity } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'

/** An issue as it is, and the change that led to it. */
export interface ObservedIssue {
  repository: RepositoryIdentity
  repo: RepositoryRow | undefined
  item: ItemRow | undefined
  issue: IssueSnapshot
  how: IssueChanged['how']
  /** Who made the change. */
  sender: Actor
  at: Date | null
}

/** The key for "the label was on at the last check": it shows whether an `unlabeled` event was lost. */
export const labelSeenKey = (repositoryId: number, issueNumber: number) => `labelled:${repositoryId}#${issueNumber}`
export const issueSubject = (githubId: number, issueNumber: number) => `issue:${githubId}#${issueNumber}`

/** Records the time of the newest event of the issue. */
export async function recordIssueTime(tx: Tx, seen: Pick<ObservedIssue, 'repository' | 'issue' | 'at'>): Promise<void> {
  if (seen.at) await recordEventTime(tx, issueSubject(seen.repository.githubId, seen.issue.number), seen.at)
}

/** A pull request as GitHub shows it among the issues, as far as a payload about it says. */
export function pullAsIssue({ number, title, body, url, state, author }: PullRequestSnapshot): IssueSnapshot {
  return { number, title, body, url, state, author, labels: [], isPullRequest: true, nativeBlockers: null }
}
