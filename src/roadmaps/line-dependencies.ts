/** Dependencies in lines that name issues: `- [ ] #9 (depends on: "Add login", #4)`. */

import { and, eq, or } from 'drizzle-orm'
import type { Tx } from '../db/connect.ts'
import { repositoryByName } from '../db/repositories.ts'
import { dependencies } from '../db/schema/work-items.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import type { IssueAddress } from '../domain/github.ts'
import type { RoadmapLine } from '../domain/roadmap-text.ts'
import { issueKey, type ResolvedIssue } from '../github/resolve-issues.ts'
import type { LineSource } from './create-issues.ts'

/** The issues that the issue of a line waits for, as far as they exist by now. */
export function issuesBefore(line: RoadmapLine, created: ReadonlyMap<string, number>, here: string): IssueAddress[] {
  const lines = line.linesBefore.flatMap((digest) => created.get(digest) ?? [])
  return [...line.issuesBefore, ...lines.map((number) => ({ repository: here, number }))]
}

/** The owner of an edge: two roadmaps that share an issue, or two texts of one, must not remove each other's edges. */
const ownerOf = (epic: ItemRow, of: LineSource) => `epic:${epic.id}:${of.source}`

/** How these edges were stored before they had a source of their own. */
const legacyEdges = (epic: ItemRow, of: LineSource) =>
  and(eq(dependencies.source, of.source), eq(dependencies.heading, `epic:${epic.id}`))

/** Stores the dependencies in this text for the items of named issues, and deletes those that it no longer names. */
export async function saveLineDependencies(
  tx: Tx,
  text: {
    epic: ItemRow
    of: LineSource
    here: string
    created: ReadonlyMap<string, number>
    known: ReadonlyMap<string, ResolvedIssue>
  },
): Promise<void> {
  const { epic, of, here, created, known } = text
  const heading = ownerOf(epic, of)
  const stored = and(eq(dependencies.source, 'order'), eq(dependencies.heading, heading))
  await tx.db.delete(dependencies).where(or(stored, legacyEdges(epic, of)))
  for (const line of of.lines) {
    const issues = line.issue ? issuesBefore(line, created, here) : []
    const item = line.issue && issues.length > 0 ? await itemAt(tx, line.issue) : undefined
    // A roadmap that names itself gets a note. It does not wait for itself.
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
