/** Which issue an API call is about, for the table of calls that the demo prints. */

import type { ApiCall } from '../github/api/calls.ts'
import type { RepositoryRecord } from '../github/model.ts'

/** Calls about one thing. */
export interface CallCount {
  about: string
  reads: number
  writes: number
}

/**
 * Counts the calls about each issue and its pull request, in the order of the issues; then those that name none: who may
 * do what, and what is asked at the start.
 * @param shows what each issue of the demo shows, from issue 1 on.
 */
export function countByIssue(
  calls: readonly ApiCall[],
  repository: RepositoryRecord,
  shows: readonly string[],
): CallCount[] {
  const owners = ownersOf(repository)
  const counts = new Map<string, CallCount>()
  const nameOf = (number: number) => `#${number} (${shows[number - 1] ?? 'other'})`
  for (const [at] of shows.entries()) counts.set(nameOf(at + 1), { about: nameOf(at + 1), reads: 0, writes: 0 })
  for (const call of calls) {
    if (call.minting) continue
    const number = keysOf(call)
      .map((key) => owners.get(key))
      .find((found) => found !== undefined)
    const about =
      number !== undefined ? nameOf(number) : call.path.endsWith('/permission') ? 'who may do what' : 'at the start'
    const count = counts.get(about) ?? { about, reads: 0, writes: 0 }
    counts.set(about, count)
    if (call.write) count.writes++
    else count.reads++
  }
  return [...counts.values()]
}

/** What belongs to which issue: numbers, comments, threads, commits. */
function ownersOf(repository: RepositoryRecord): Map<string, number> {
  const owners = new Map<string, number>()
  for (const issue of repository.issues.values()) {
    const number = issue.pull ? Number(/Closes #(\d+)/.exec(issue.body ?? '')?.[1] ?? issue.number) : issue.number
    owners.set(`issue ${issue.number}`, number)
    for (const { id } of issue.comments) owners.set(`comment ${id}`, number)
    for (const { id } of issue.pull?.reviewComments ?? []) owners.set(`thread ${id}`, number)
    for (const { commitId } of issue.pull?.reviews ?? []) owners.set(`commit ${commitId}`, number)
    if (issue.pull) owners.set(`commit ${issue.pull.headSha}`, number).set(`head ${issue.pull.headRef}`, number)
  }
  return owners
}

/** The keys under which `ownersOf` may know what a call is about. */
function keysOf({ path, body }: ApiCall): string[] {
  const [, kind, id] = /\/(issues\/comments|issues|pulls|commits)\/(\w+)/.exec(path) ?? []
  const text = JSON.stringify(body ?? {})
  const about = (pattern: RegExp) => pattern.exec(text)?.[1]
  const keys = { 'issues/comments': 'comment', issues: 'issue', pulls: 'issue', commits: 'commit' } as Record<
    string,
    string
  >
  return [
    kind === undefined ? '' : `${keys[kind]} ${id}`,
    `commit ${about(/"head_sha":"(\w+)"/)}`,
    `head ${about(/"head":"([^"]+)"/)}`,
    // GraphQL names a pull request among its variables, or only threads, whose comments are not known here.
    `issue ${about(/"variables":\{[^}]*"number":(\d+)/)}`,
    ...[...text.matchAll(/"thread\d+":"([\w-]+)"/g)].map(([, node = '']) => threadOf(node)),
  ]
}

function threadOf(node: string): string {
  return `thread ${/:(\d+)$/.exec(Buffer.from(node, 'base64url').toString())?.[1]}`
}
