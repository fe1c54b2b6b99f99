/** Who approved a pull request, as the tables have it. */

import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Database } from '../../store/open.ts'
import type { PullRow } from '../../store/pulls.ts'
import { approvals } from '../../store/schema.ts'

/**
 * The people whose latest word about the present head is an approval, and those whose latest word asks for changes.
 * A comment takes nothing back, a dismissal does. Reviews of older heads count for nothing.
 */
export async function approversOf(db: Database, pull: PullRow): Promise<{ approved: string[]; against: string[] }> {
  const rows = await db
    .select()
    .from(approvals)
    .where(
      and(
        eq(approvals.pullRequestId, pull.id),
        eq(approvals.sha, pull.headSha),
        inArray(approvals.state, ['approved', 'changes_requested', 'dismissed']),
      ),
    )
    .orderBy(asc(approvals.reviewId))
  const latest = new Map(rows.map((row) => [row.reviewerId, row]))
  const names = (state: string) => [...latest.values()].filter((row) => row.state === state).map((row) => row.reviewer)
  return { approved: names('approved'), against: names('changes_requested') }
}
