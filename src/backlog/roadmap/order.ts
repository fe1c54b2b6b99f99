/** What lines that name issues say about their order: `- [ ] #9 (depends on: "Add login", #4)`. */

import { and, eq } from 'drizzle-orm'
import { type KnownIssue, keyOf } from '../../github/look-up.ts'
import type { RoadmapLine } from '../../github/roadmap-text.ts'
import type { IssueAddress } from '../../store/effects.ts'
import { type ItemRow, itemOfIssue, systemOfName } from '../../store/items.ts'
import type { Tx } from '../../store/open.ts'
import { dependencies } from '../../store/schema.ts'
import type { LineSource } from './lines.ts'

/** The issues that a line says its own waits for, as far as they are issues by now. */
export function issuesBefore(line: RoadmapLine, made: ReadonlyMap<string, number>, here: string): IssueAddress[] {
  const lines = line.linesBefore.flatMap((digest) => made.get(digest) ?? [])
  return [...line.issuesBefore, ...lines.map((number) => ({ repository: here, number }))]
}

/** Who says it: two roadmaps that share an issue must not take each other's words back. */
const sayer = (epic: ItemRow) => `epic:${epic.id}`

/**
 * Stores what the items of named issues wait for by the word of this text, and forgets what it says no longer. Those of
 * epics are left out: the same sources name what an epic is made of.
 */
export async function saveOrder(
  tx: Tx,
  text: {
    epic: ItemRow
    of: LineSource
    here: string
    made: ReadonlyMap<string, number>
    known: ReadonlyMap<string, KnownIssue>
  },
): Promise<void> {
  const { epic, of, here, made, known } = text
  const heading = sayer(epic)
  await tx.db.delete(dependencies).where(and(eq(dependencies.source, of.source), eq(dependencies.heading, heading)))
  for (const line of of.lines) {
    const issues = line.issue ? issuesBefore(line, made, here) : []
    const item = line.issue && issues.length > 0 ? await itemAt(tx, line.issue) : undefined
    if (item?.kind !== 'task') continue
    const edges = issues.map((issue) => {
      const { repository, number: issueNumber } = issue
      const blocker = known.get(keyOf(issue))?.state ?? ('open' as const)
      return { repository, issueNumber, blocker, heading, source: of.source, dependentId: item.id }
    })
    await tx.db.insert(dependencies).values(edges).onConflictDoNothing()
  }
}

async function itemAt(tx: Tx, { repository, number }: IssueAddress): Promise<ItemRow | undefined> {
  const system = await systemOfName(tx.db, repository)
  return system && itemOfIssue(tx.db, system.id, number)
}
