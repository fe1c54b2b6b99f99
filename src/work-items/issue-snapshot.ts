/** What we know of an issue, and since when. */

import type { Tx } from '../db/connect.ts'
import { recordEventTime } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { IssueChanged, IssueSnapshot, RepositoryIdentity } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'

/** An issue as it is, and why we look at it. */
export interface ObservedIssue {
  repository: RepositoryIdentity
  repo: RepositoryRow | undefined
  item: ItemRow | undefined
  issue: IssueSnapshot
  how: IssueChanged['how']
  /** Who did that. */
  sender: Actor
  at: Date | null
}

/** The key that says "the label was on when we last looked", so that a lost `unlabeled` can be told from `/queue`. */
export const labelSeenKey = (repositoryId: number, issueNumber: number) => `labelled:${repositoryId}#${issueNumber}`
export const issueSubject = (githubId: number, issueNumber: number) => `issue:${githubId}#${issueNumber}`

/** Remembers how new our knowledge of the issue is. */
export async function recordIssueTime(tx: Tx, seen: Pick<ObservedIssue, 'repository' | 'issue' | 'at'>): Promise<void> {
  if (seen.at) await recordEventTime(tx, issueSubject(seen.repository.githubId, seen.issue.number), seen.at)
}
