/** Asks people for a review of a new pull request, as the settings name them. */

import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { enqueueEffect } from '../db/outbox.ts'
import type { ItemRow } from '../db/work-items.ts'
import { reviewersOf } from '../domain/reviewers.ts'

/** The key of the request for one pull request. */
export const reviewersKey = (workItemId: number, number: number) => `reviewers:${workItemId}:${number}`

/** Requests reviewers, once for each pull request; where the settings name none, nothing is written. */
export async function requestReviewers(tx: Tx, item: ItemRow, number: number, settings: Settings): Promise<void> {
  const { people, teams, assignees } = reviewersOf(settings.pullRequests.reviewers)
  if (people.length === 0 && teams.length === 0 && !assignees) return
  const payload = { pullNumber: number, people, teams, assigneesOf: assignees ? item.issueNumber : null }
  await enqueueEffect(
    tx,
    { repositoryId: item.repositoryId, workItemId: item.id, key: reviewersKey(item.id, number) },
    { kind: 'request-reviewers', payload },
  )
}
