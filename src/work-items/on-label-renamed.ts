/** A label of the repository was renamed. Where it queues issues, the rename is followed: they keep their items. */

import { eq } from 'drizzle-orm'
import type { Database } from '../db/connect.ts'
import { type RepositoryRow, repositoryByGithubId } from '../db/repositories.ts'
import { writtenSettings } from '../db/repository-settings.ts'
import { repositories } from '../db/schema/repositories.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { LabelRenamed } from '../domain/events.ts'
import { learnQueueLabels, type QueueLabels, renameQueueLabel } from '../domain/queue-labels.ts'
import type { Services } from './services.ts'

/** Acts on `label` edited. */
export async function onLabelRenamed({ store }: Services, event: LabelRenamed): Promise<EventOutcome> {
  return store.transaction(async (tx) => {
    const repo = await repositoryByGithubId(tx.db, event.repository.githubId)
    if (!repo) return ignored('nothing is known of this repository')
    const next = renameQueueLabel(writtenSettings(repo), repo.queueLabels, event)
    if (!next) return ignored('not a label that queues')
    await save(tx.db, repo, next)
    return done(`the label that queues is called ${event.to} now`)
  })
}

/**
 * Notes the ids of the labels that queue, as an issue shows them.
 * @returns the repository as it is afterwards.
 */
export async function noteQueueLabels(
  db: Database,
  repo: RepositoryRow,
  seen: Readonly<Record<string, number>> | undefined,
): Promise<RepositoryRow> {
  const next = seen && learnQueueLabels(writtenSettings(repo), repo.queueLabels, seen)
  return next ? save(db, repo, next) : repo
}

async function save(db: Database, repo: RepositoryRow, queueLabels: QueueLabels): Promise<RepositoryRow> {
  const [row] = await db.update(repositories).set({ queueLabels }).where(eq(repositories.id, repo.id)).returning()
  return row ?? repo
}
