/** What an agent gets to know about itself and the crew at the beginning of its run. */

import type { Settings } from '../config/settings.ts'
import type { Database } from '../db/connect.ts'
import { countUse, findMemories, type MemoryRow } from '../db/memories.ts'
import type { RunRow } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { ContextPart } from '../domain/context-budget.ts'
import { domainOf } from '../domain/crew.ts'
import { searchTerms } from '../domain/memory.ts'
import { currentMs } from '../lib/clock.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import { memoryForAgent } from '../messages/memory.ts'

/** Of the text of an issue, for the search. */
const searchedText = 8_000

/**
 * The memories that fit the task of a run, as parts of its prompt. They are counted as used.
 * @param task.paths files that the work is expected to touch.
 */
export async function recallFor(
  db: Database,
  { item, run, settings, paths }: { item: ItemRow; run: RunRow; settings: Settings; paths: readonly string[] },
): Promise<ContextPart[]> {
  const limit = settings.crew.memory
  if (limit === 0) return []
  const task = `${item.title} ${paths.join(' ')} ${item.labels.join(' ')} ${firstCharacters(item.body, searchedText)}`
  const found = await findMemories(
    db,
    { repositoryId: item.repositoryId, memberId: run.memberId, domain: domainOf(task), terms: searchTerms(task) },
    limit,
  )
  await countUse(
    db,
    found.map(({ id }) => id),
  )
  return memoryForAgent(found.map(toTaught))
}

const dayMs = 24 * 3_600_000

function toTaught({ kind, domain, about, text, source, issueNumber, fromMistake, seenAt }: MemoryRow) {
  const ageDays = Math.max(0, Math.floor((currentMs() - seenAt.getTime()) / dayMs))
  return { kind, domain, about, text, source, issueNumber, fromMistake, ageDays }
}
