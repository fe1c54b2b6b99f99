/** What lines that name issues say about their order: `- [ ] #9 (depends on: "Add login", #4)`. */

import { and, eq, or } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { repositoryByName } from '../db/repositories.ts'
import { dependencies } from '../db/schema/work-items.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import type { IssueAddress } from '../domain/github.ts'
import type { RoadmapLine } from '../domain/roadmap-text.ts'
import { issueKey, type ResolvedIssue } from '../github/resolve-issues.ts'
import type { LineSource } from './create-issues.ts'

/** The issues that a line says its own waits for, as far as they are issues by now. */
export function issuesBefore(line: RoadmapLine, made: ReadonlyMap<string, number>, here: string): IssueAddress[] {
  const lines = line.linesBefore.flatMap((digest) => made.get(digest) ?? [])
  return [...line.issuesBefore, ...lines.map((number) => ({ repository: here, number }))]
}

/** Who says it: two roadmaps that share an issue, or two texts of one, must not take each other's words back. */
const sayer = (epic: ItemRow, of: LineSource) => `epic:${epic.id}:${of.source}`

/** As it was kept before these edges had a source of their own. */
const saidBefore = (epic: ItemRow, of: LineSource) =>
  and(eq(dependencies.source, of.source), eq(dependencies.heading, `epic:${epic.id}`))

/** Stores what the items of named issues wait for by the word of this text, and forgets what it says no longer. */
export async function saveLineDependencies(
  tx: Tx,
  text: {
    epic: ItemRow
    of: LineSource
    here: string
    made: ReadonlyMap<string, number>
    known: ReadonlyMap<string, ResolvedIssue>
  },
): Promise<void> {
  const { epic, of, here, made, known } = text
  const heading = sayer(epic, of)
  const said = and(eq(dependencies.source, 'order'), eq(dependencies.heading, heading))
  await tx.db.delete(dependencies).where(or(said, saidBefore(epic, of)))
  for (const line of of.lines) {
    const issues = line.issue ? issuesBefore(line, made, here) : []
    const item = line.issue && issues.length > 0 ? await itemAt(tx, line.issue) : undefined
    // A roadmap that names itself is told so; it waits for nothing by that.
    if (!item || item.id === epic.id) continue
    const edges = issues.map((issue) => {
      const { repository, number: issueNumber } = issue
      const blocker = known.get(issueKey(issue))?.state ?? ('open' as const)
      return { repository, issueNumber, blocker, heading, source: 'order' as const, dependentId: item.id }
    })
    await tx.db.insert(dependencies).values(edges).onConflictDoNothing()
  }
}

async function itemAt(tx: Tx, { repository, number }: IssueAddress): Promise<ItemRow | undefined> {
  const repo = await repositoryByName(tx.db, repository)
  return repo && itemOfIssue(tx.db, repo.id, number)
}
