/** Issues that people name, and what they are: read from our own tables first, and asked of GitHub in bulk. */

import { and, eq, inArray } from 'drizzle-orm'
import type { Database, Store } from '../db/connect.ts'
import { type RepositoryRow, repositoryByName } from '../db/repositories.ts'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { Issue } from '../domain/github.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { type GitHub, NotFound } from './github.ts'

/** An issue that someone names. */
export interface NamedIssue {
  /** `owner/name` in lower case. */
  repository: string
  number: number
  /** Its box is checked, or it was known to be closed. */
  checked?: boolean
  /** What a listing has said already. */
  issue?: Issue
}

/** What an issue is that is named. */
export interface ResolvedIssue {
  repository: string
  number: number
  /** The repository, where the app may work in it. */
  repo: RepositoryRow | undefined
  item: ItemRow | undefined
  /** What GitHub says; undefined where our own item says enough, or the app cannot see it. */
  issue: Issue | undefined
  state: 'open' | 'closed' | 'missing'
}

type Address = Pick<NamedIssue, 'repository' | 'number'>

/** The name that answers are found under: `owner/name#12`. */
export const issueKey = ({ repository, number }: Address): string => `${repository}#${number}`

/** More issues of one repository than this are asked for by the hundred. */
const fewIssues = 10

/** Finds everything that is named, each issue once. @param from where it is named. */
export async function resolveIssues(
  parts: { store: Store; github: GitHub },
  from: Pick<RepositoryRow, 'installationId'>,
  named: readonly NamedIssue[],
): Promise<Map<string, ResolvedIssue>> {
  const known = new Map<string, ResolvedIssue>()
  for (const [repository, all] of Map.groupBy(named, (one) => one.repository)) {
    const found = await repositoryByName(parts.store.db, repository)
    const repo = found?.state === 'gone' ? undefined : found
    const items = repo ? await itemsOf(parts.store.db, repo, all) : new Map<number, ItemRow>()
    const listed = new Map(all.flatMap((one) => (one.issue ? [[one.number, one.issue] as const] : [])))
    const numbers = [...new Set(all.map((one) => one.number))]
    const unsure = numbers.filter((number) => !listed.has(number) && !isSettled(number, items, all))
    const where = repo ?? { fullName: repository, installationId: from.installationId }
    const asked = await ask(parts.github.repository(where), unsure)
    for (const number of numbers) {
      const item = items.get(number)
      const issue = listed.get(number) ?? asked.get(number)
      known.set(issueKey({ repository, number }), {
        ...{ repository, number, repo, item, issue },
        state: stateOf(
          item,
          issue,
          all.some((one) => one.number === number && one.checked),
        ),
      })
    }
  }
  return known
}

/** Whether our own tables say all there is to know. */
function isSettled(number: number, items: ReadonlyMap<number, ItemRow>, named: readonly NamedIssue[]): boolean {
  const item = items.get(number)
  if (item) return item.state === 'done' || !terminalStates.includes(item.state)
  return named.some((one) => one.number === number && one.checked)
}

function stateOf(item: ItemRow | undefined, issue: Issue | undefined, checked: boolean): ResolvedIssue['state'] {
  if (checked || item?.state === 'done') return 'closed'
  if (issue) return issue.state
  return item && !terminalStates.includes(item.state) ? 'open' : 'missing'
}

async function itemsOf(db: Database, repo: RepositoryRow, named: readonly Address[]): Promise<Map<number, ItemRow>> {
  const numbers = [...new Set(named.map((one) => one.number))]
  const rows = await db
    .select()
    .from(workItems)
    .where(and(eq(workItems.repositoryId, repo.id), inArray(workItems.issueNumber, numbers)))
  return new Map(rows.map((row) => [row.issueNumber, row]))
}

async function ask(
  repository: ReturnType<GitHub['repository']>,
  numbers: readonly number[],
): Promise<Map<number, Issue>> {
  const found = new Map<number, Issue>()
  if (numbers.length > fewIssues) {
    const open = await orNothing(repository.openIssues())
    // Nothing can be seen there at all.
    if (!open) return found
    for (const issue of open) found.set(issue.number, issue)
  }
  for (const number of numbers) {
    if (found.has(number)) continue
    const issue = await orNothing(repository.issue(number))
    if (issue) found.set(number, issue)
  }
  return found
}

async function orNothing<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof NotFound) return undefined
    throw error
  }
}
