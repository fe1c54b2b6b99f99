/** Finds pull requests and reviews that changed without an event. */

import { openPullRows } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import { knownReviews } from '../db/reviews.ts'
import { getItem, unfinishedItemsOf } from '../db/work-items.ts'
import type { EventOutcome } from '../domain/event-outcome.ts'
import type { PullRequest } from '../domain/github.ts'
import { syncPullRequest } from '../pull-requests/on-pull-request-changed.ts'
import { syncReview } from '../pull-requests/on-review.ts'
import type { Services } from '../work-items/services.ts'
import type { Problems } from './problems.ts'
import type { Repairs } from './repairs.ts'

/** The actor of a change whose author is unknown. */
const unknownSender = { id: 0, login: 'someone', type: 'User' as const }

/** Compares the pull requests of one repository with ours. */
export async function reconcilePullRequests(
  services: Services,
  repo: RepositoryRow,
  problems: Problems,
): Promise<Repairs> {
  const { db } = services.store
  const rows = await openPullRows(db, repo.id)
  const branches = new Set((await unfinishedItemsOf(db, repo.id)).map((item) => item.branch))
  if (rows.length === 0 && branches.size === 0) return []
  const github = services.github.repository(repo)
  const open = (await github.openPulls()).filter((pull) => mayBeOurs(pull, rows, branches))
  const numbers = new Set(open.map((pull) => pull.number))
  const repairs: Repairs = []
  const note = (number: number, outcome: EventOutcome) => {
    if (outcome.state === 'done') repairs.push(`${repo.fullName}#${number}: ${outcome.note}`)
  }
  for (const pull of open)
    note(pull.number, await syncPullRequest(services, { repo, pull, sender: unknownSender, at: null }))
  for (const row of rows.filter(({ number }) => !numbers.has(number))) {
    const pull = await problems.alone(`${repo.fullName}#${row.number}`, () => github.pull(row.number))
    if (!pull) continue
    note(row.number, await syncPullRequest(services, { repo, pull, sender: unknownSender, at: null }))
  }
  for (const pull of open) {
    const step = `the reviews of ${repo.fullName}#${pull.number}`
    const outcomes = await problems.alone(step, () => reviewsOf(services, repo, pull))
    for (const outcome of outcomes ?? []) note(pull.number, outcome)
  }
  return repairs
}

/** Whether a pull request is known, or comes from a branch of ours. */
function mayBeOurs(pull: PullRequest, rows: { number: number }[], branches: ReadonlySet<string>): boolean {
  return rows.some(({ number }) => number === pull.number) || branches.has(pull.headBranch)
}

async function reviewsOf(services: Services, repo: RepositoryRow, pull: PullRequest): Promise<EventOutcome[]> {
  const rows = await openPullRows(services.store.db, repo.id)
  const row = rows.find(({ number }) => number === pull.number)
  const item = row && (await getItem(services.store.db, row.workItemId))
  if (!row || !item) return []
  const known = await knownReviews(services.store.db, row.id)
  const outcomes: EventOutcome[] = []
  for (const review of await services.github.repository(repo).reviews(pull.number)) {
    const before = known.get(review.id)
    const news = before === undefined || (review.state === 'dismissed' && before !== 'dismissed')
    if (news && review.state !== 'pending') outcomes.push(await syncReview(services, repo, pull, review))
  }
  return outcomes
}
