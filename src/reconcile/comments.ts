/** Finds comments of people that no webhook has brought. */

import { eq } from 'drizzle-orm'
import type { RepositoryRow } from '../db/repositories.ts'
import { repositories } from '../db/schema/repositories.ts'
import type { EventOutcome } from '../domain/event-outcome.ts'
import type { PostedComment } from '../domain/github.ts'
import { currentMs } from '../lib/clock.ts'
import type { Services } from '../work-items/services.ts'
import type { Problems } from './problems.ts'
import type { Repairs } from './repairs.ts'

/** What acts on a comment. It knows the comments that were acted on before. */
export type HandleComment = (repository: RepositoryRow, comment: PostedComment) => Promise<EventOutcome>

/** A webhook has so long to bring a comment, in milliseconds. Clocks may differ by as much. */
export const settleMs = 60_000
/** Comments that are older are not acted on: their writers have gone on without us. */
const notOlderThanMs = 3 * 24 * 3_600_000

/**
 * Reads the comments of a repository since the last time: one call, unless there are more than a hundred. Those from before
 * the app knew the repository are left alone.
 * @param now in milliseconds since 1970.
 */
export async function reconcileComments(
  services: Services & { handleComment: HandleComment },
  repo: RepositoryRow,
  problems: Problems,
  now = currentMs(),
): Promise<Repairs> {
  const repairs: Repairs = []
  const until = new Date(now - settleMs)
  const before = repo.commentsReadAt
  if (before) {
    const since = new Date(Math.max(before.getTime() - settleMs, now - notOlderThanMs))
    const comments = await services.github.repository(repo).commentsSince(since)
    for (const comment of comments) {
      if (comment.createdAt < since || comment.createdAt > until) continue
      const at = `${repo.fullName}#${comment.issueNumber}`
      const outcome = await problems.alone(`a comment on ${at}`, () => services.handleComment(repo, comment))
      if (outcome?.state === 'done') repairs.push(`${at}: ${outcome.note}`)
    }
  }
  await services.store.db.update(repositories).set({ commentsReadAt: until }).where(eq(repositories.id, repo.id))
  return repairs
}
