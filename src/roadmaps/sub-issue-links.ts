/** GitHub's own sub-issue links for the issues that Tutti creates: people see there what belongs together. */

import type { Tx } from '../db/connect.ts'
import { partsOf } from '../db/epics.ts'
import { effectsOf, enqueueEffect } from '../db/outbox.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { IssueAddress } from '../domain/github.ts'

/** GitHub takes no more sub-issues under one issue ("Adding sub-issues", docs.github.com). */
const mostSubIssues = 100

const keyOf = (epic: ItemRow, { repository, number }: IssueAddress) => `sub:${epic.id}:${repository}#${number}`

/** Requests an issue as a sub-issue of an epic. Past GitHub's limit the text of the issue names the epic; that is enough. */
export async function linkSubIssue(tx: Tx, epic: ItemRow, child: IssueAddress & { id?: number }): Promise<void> {
  if ((await partsOf(tx.db, epic.id)).length > mostSubIssues) return
  const target = { repositoryId: epic.repositoryId, workItemId: epic.id, key: keyOf(epic, child) }
  await enqueueEffect(tx, target, { kind: 'sub-issue', payload: { parent: epic.issueNumber, child } })
}

/** Removes a link that was requested here. Links that people made stay. */
export async function unlinkSubIssue(tx: Tx, epic: ItemRow, child: IssueAddress): Promise<void> {
  const key = keyOf(epic, child)
  const [request] = await effectsOf(tx.db, [key])
  if (!request) return
  const target = { repositoryId: epic.repositoryId, workItemId: epic.id, key }
  const payload = { parent: epic.issueNumber, child, wanted: false }
  await enqueueEffect(tx, target, { kind: 'sub-issue', payload })
}
