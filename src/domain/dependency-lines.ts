/** What an issue waits for, read from its text. */

import type { Store } from '../db/connect.ts'
import { type DependencyRow, itemOfIssue, type RepositoryRow, repositoryByName } from '../db/work-items.ts'
import { type GitHub, NotFound } from '../github/github.ts'
import { terminalStates } from './lifecycle.ts'

/** An issue somewhere, as text names it. */
export interface IssueReference {
  /** `owner/name` in lower case. */
  repository: string
  number: number
}

const opening =
  /^\s*(?:[-*+]\s+(?:\[[ x]\]\s+)?)?(?:\*\*)?(?:depends\s+on|blocked\s+by|requires)(?:\*\*)?\s*:?(?:\*\*)?\s+/i
const reference = /(?:https?:\/\/[^\s/]+\/([\w.-]+\/[\w.-]+)\/(?:issues|pull)\/|([\w.-]+\/[\w.-]+)?#)(\d{1,9})\b/g

/** Whether a line says what its issue waits for. */
export function saysDependency(text: string): boolean {
  return opening.test(text)
}

/** The issues that a piece of text names, each once, in its order. */
export function referencesIn(text: string, repository: string): IssueReference[] {
  const found = new Map<string, IssueReference>()
  for (const [, fromUrl, named, number] of text.matchAll(reference)) {
    const target = { repository: (fromUrl ?? named ?? repository).toLowerCase(), number: Number(number) }
    found.set(`${target.repository}#${target.number}`, target)
  }
  return [...found.values()]
}

/**
 * The issues named by lines such as `Depends on #12`, `Blocked by owner/repo#3, #4` or `- [ ] depends on: #5`.
 * Lines in code blocks and quotes are somebody else's words and do not count.
 * @param repository `owner/name` that a bare `#12` belongs to.
 */
export function dependenciesIn(body: string, repository: string): IssueReference[] {
  const found = new Map<string, IssueReference>()
  for (const text of plainLines(body)) {
    const start = opening.exec(text)
    if (!start) continue
    for (const target of referencesIn(text.slice(start[0].length), repository))
      found.set(`${target.repository}#${target.number}`, target)
  }
  return [...found.values()]
}

function* plainLines(body: string): Generator<string> {
  let fence: string | undefined
  for (const text of body.replace(/<!--[\s\S]*?(?:-->|$)/g, '').split(/\r?\n/)) {
    const mark = /^\s{0,3}(`{3,}|~{3,})/.exec(text)?.[1]
    if (fence !== undefined) {
      if (mark?.startsWith(fence)) fence = undefined
    } else if (mark) fence = mark
    else if (!/^(?: {4}|\t|\s{0,3}>)/.test(text)) yield text
  }
}

type Edge = Pick<DependencyRow, 'repository' | 'issueNumber' | 'blocker'>

/** The issues that a body names, each with its state: from our own table where it is ours, otherwise asked once. */
export async function edgesIn(
  parts: { store: Store; github: GitHub },
  repo: RepositoryRow,
  body: string,
): Promise<Edge[]> {
  return Promise.all(dependenciesIn(body, repo.fullName).map((named) => edgeTo(parts, repo, named)))
}

async function edgeTo(
  { store, github }: { store: Store; github: GitHub },
  from: RepositoryRow,
  { repository, number }: IssueReference,
): Promise<Edge> {
  const edge = { repository, issueNumber: number }
  const repo = await repositoryByName(store.db, repository)
  const ours = repo && (await itemOfIssue(store.db, repo.id, number))
  if (ours?.state === 'done') return { ...edge, blocker: 'closed' }
  // Of one that was given up only GitHub knows whether its issue is closed.
  if (ours && !terminalStates.includes(ours.state)) return { ...edge, blocker: 'open' }
  try {
    const where = repo ?? { fullName: repository, installationId: from.installationId }
    const issue = await github.repository(where).issue(number)
    return { ...edge, blocker: issue.state }
  } catch (error) {
    if (!(error instanceof NotFound)) throw error
    return { ...edge, blocker: 'missing' }
  }
}
