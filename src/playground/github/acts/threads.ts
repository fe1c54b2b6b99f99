/** Threads of comments on lines: each is its first comment and the answers to it, and can be resolved. */

import { type ActingAccount, ApiRefusal, type Pull, type PullIssue, type RepositoryRecord } from '../model.ts'
import type { World } from '../world.ts'

/** The first comments of all threads of a pull request, oldest first. */
export function threadsOf(pull: Pull): number[] {
  return pull.reviewComments.filter((comment) => comment.inReplyTo === undefined).map((comment) => comment.id)
}

/** Those that are not resolved. */
export function openThreads(pull: Pull): number[] {
  return threadsOf(pull).filter((id) => !pull.resolvedThreads.has(id))
}

/** The pull request that a thread belongs to. @throws {ApiRefusal} 404 */
export function pullOfThread(repository: RepositoryRecord, id: number): PullIssue {
  const found = [...repository.issues.values()].find(({ pull }) => pull && threadsOf(pull).includes(id))
  if (!found?.pull) throw new ApiRefusal(404, 'Not Found')
  return found as PullIssue
}

/** Resolves a thread. A resolved one stays so. */
export function resolveThread(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  id: number,
): void {
  const issue = pullOfThread(repository, id)
  if (issue.pull.resolvedThreads.has(id)) return
  issue.pull.resolvedThreads.add(id)
  const payload = { thread: { node_id: String(id), comments: [] }, pull_request: { number: issue.number } }
  world.emit({ event: 'pull_request_review_thread', action: 'resolved', actor, repository, payload })
}
