/** Sub-issues of which no event told: the history of the epic says who put them there. */

import type { Store } from '../db/connect.ts'
import { notQueuedKey } from '../db/epics.ts'
import { claimKey } from '../db/idempotency-keys.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { Actor } from '../domain/github.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import { issueKey } from '../github/resolve-issues.ts'
import type { GitHub } from '../github/types.ts'

interface Address {
  repository: string
  number: number
}

/**
 * Notes those that nobody with write access put there, as if their event had told: they are waited for, and not queued.
 * So are those whose history the server does not tell.
 * @throws when GitHub cannot be asked; nothing is noted then.
 */
export async function refuseUnreported(
  { store, github }: { store: Store; github: GitHub },
  { epic, repo }: { epic: ItemRow; repo: RepositoryRow },
  unheard: readonly Address[],
): Promise<void> {
  const linkers = await linkersOf(github, epic, repo)
  const refused: Address[] = []
  const answers = new Map<number, boolean>()
  for (const part of unheard) {
    const linker = linkers.get(issueKey(part))
    if (linker && !answers.has(linker.id)) answers.set(linker.id, await mayWrite(github, repo, linker))
    if (!linker || !answers.get(linker.id)) refused.push(part)
  }
  if (refused.length === 0) return
  await store.transaction(async (tx) => {
    for (const { repository, number } of refused)
      await claimKey(tx, notQueuedKey(epic.id, { repository, issueNumber: number }))
  })
}

/** Who put each sub-issue there, by its name. */
async function linkersOf(github: GitHub, epic: ItemRow, repo: RepositoryRow): Promise<Map<string, Actor>> {
  const events = (await github.repository(repo).issueEvents(epic.issueNumber)) ?? []
  const linkers = new Map<string, Actor>()
  for (const { event, part, actor } of events) {
    if (part && event === 'sub_issue_added') linkers.set(issueKey(part), actor)
    if (part && event === 'sub_issue_removed') linkers.delete(issueKey(part))
  }
  return linkers
}

async function mayWrite(github: GitHub, repo: RepositoryRow, actor: Actor): Promise<boolean> {
  if (!isPerson(actor)) return false
  return permits(await github.repository(repo).permission(actor), 'write')
}
