/** Sub-issues without an event: the history of the epic says who added them. */

import type { Store } from '../db/connect.ts'
import { notQueuedKey } from '../db/epics.ts'
import { claimKey } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { Actor } from '../domain/github.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import type { GitHub } from '../github/github.ts'
import { issueKey } from '../github/resolve-issues.ts'

interface Address {
  repository: string
  number: number
}

/**
 * Marks those that a person without write access added, as their event would have done: they are waited for, and not
 * queued. The same holds where the server has no history.
 * @throws when GitHub cannot be asked; nothing is marked then.
 */
export async function refuseUnreported(
  { store, github }: { store: Store; github: GitHub },
  { epic, repo }: { epic: ItemRow; repo: RepositoryRow },
  unreported: readonly Address[],
): Promise<void> {
  const linkers = await linkersOf(github, epic, repo)
  const refused: Address[] = []
  const allowed = new Map<number, boolean>()
  for (const part of unreported) {
    const linker = linkers.get(issueKey(part))
    if (linker && !allowed.has(linker.id)) allowed.set(linker.id, await hasWriteAccess(github, repo, linker))
    if (!linker || !allowed.get(linker.id)) refused.push(part)
  }
  if (refused.length === 0) return
  await store.transaction(async (tx) => {
    for (const { repository, number } of refused)
      await claimKey(tx, notQueuedKey(epic.id, { repository, issueNumber: number }))
  })
}

/** Who added each sub-issue, by its name. */
async function linkersOf(github: GitHub, epic: ItemRow, repo: RepositoryRow): Promise<Map<string, Actor>> {
  const events = (await github.repository(repo).issueEvents(epic.issueNumber)) ?? []
  const linkers = new Map<string, Actor>()
  for (const { event, part, actor } of events) {
    if (part && event === 'sub_issue_added') linkers.set(issueKey(part), actor)
    if (part && event === 'sub_issue_removed') linkers.delete(issueKey(part))
  }
  return linkers
}

async function hasWriteAccess(github: GitHub, repo: RepositoryRow, actor: Actor): Promise<boolean> {
  if (!isPerson(actor)) return false
  return permits(await github.repository(repo).permission(actor), 'write')
}
