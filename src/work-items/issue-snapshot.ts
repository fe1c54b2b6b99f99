/** What we know of an issue, and since when. */

import type { Tx } from '../db/connect.ts'
import { hear } from '../db/idempotency-keys.ts'
import type { ItemRow, SystemRow } from '../db/work-items.ts'
import type { IssueFacts, IssueMoved, RepositoryFacts } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'

/** An issue as it is, and why we look at it. */
export interface IssueSeen {
  repository: RepositoryFacts
  system: SystemRow | undefined
  item: ItemRow | undefined
  issue: IssueFacts
  how: IssueMoved['how']
  /** Who did that. */
  sender: Actor
  at: Date | null
}

/** The key that says "the label was on when we last looked", so that a lost `unlabeled` can be told from `/queue`. */
export const labelSeen = (systemId: number, issueNumber: number) => `labelled:${systemId}#${issueNumber}`
export const issueSubject = (repositoryId: number, issueNumber: number) => `issue:${repositoryId}#${issueNumber}`

/** Remembers how new our knowledge of the issue is. */
export async function hearOf(tx: Tx, seen: Pick<IssueSeen, 'repository' | 'issue' | 'at'>): Promise<void> {
  if (seen.at) await hear(tx, issueSubject(seen.repository.repositoryId, seen.issue.number), seen.at)
}
