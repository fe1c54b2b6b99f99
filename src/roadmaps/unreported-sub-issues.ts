/** Sub-issues of which no event told: the history of the epic says who put them there. */

import type { Store } from '../db/connect.ts'
import { notTaken } from '../db/epics.ts'
import { firstTime } from '../db/idempotency-keys.ts'
import type { ItemRow, SystemRow } from '../db/work-items.ts'
import type { Actor } from '../domain/github.ts'
import { isPerson, permits } from '../domain/permissions.ts'
import { keyOf } from '../github/resolve-issues.ts'
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
export async function refuseUnheard(
  { store, github }: { store: Store; github: GitHub },
  { epic, system }: { epic: ItemRow; system: SystemRow },
  unheard: readonly Address[],
): Promise<void> {
  const linkers = await linkersOf(github, epic, system)
  const refused: Address[] = []
  const answers = new Map<number, boolean>()
  for (const part of unheard) {
    const linker = linkers.get(keyOf(part))
    if (linker && !answers.has(linker.id)) answers.set(linker.id, await mayWrite(github, system, linker))
    if (!linker || !answers.get(linker.id)) refused.push(part)
  }
  if (refused.length === 0) return
  await store.transaction(async (tx) => {
    for (const { repository, number } of refused)
      await firstTime(tx, notTaken(epic.id, { repository, issueNumber: number }))
  })
}

/** Who put each sub-issue there, by its name. */
async function linkersOf(github: GitHub, epic: ItemRow, system: SystemRow): Promise<Map<string, Actor>> {
  const events = (await github.repository(system).issueEvents(epic.issueNumber)) ?? []
  const linkers = new Map<string, Actor>()
  for (const { event, part, actor } of events) {
    if (part && event === 'sub_issue_added') linkers.set(keyOf(part), actor)
    if (part && event === 'sub_issue_removed') linkers.delete(keyOf(part))
  }
  return linkers
}

async function mayWrite(github: GitHub, system: SystemRow, actor: Actor): Promise<boolean> {
  if (!isPerson(actor)) return false
  return permits(await github.repository(system).permission(actor), 'write')
}
