/** What stands between a pull request and its merge: a branch's protection, and the word of CI. */

import { openThreads } from './acts/threads.ts'
import type { CheckRun, PullIssue, RepositoryRecord, ReviewRecord } from './model.ts'
import { roleOf } from './world.ts'

export interface MergeRules {
  /** Why the protection does not let it be merged; undefined when it does. */
  blocking: string | undefined
  /** Something that is not required is not green. */
  unstable: boolean
}

/** What the required checks say of a commit: `green` when each has passed, `red` when one has failed. */
export function requiredChecks(
  repository: RepositoryRecord,
  required: readonly string[],
  sha: string,
): 'green' | 'red' | 'pending' {
  const passed = checksAt(repository, sha)
  const open = [
    ...repository.suites.flatMap((suite) => (suite.headSha === sha ? suite.runs : [])).filter(isOpen),
    ...repository.statuses.filter((status) => status.sha === sha && status.state === 'pending'),
  ].map((one) => ('name' in one ? one.name : one.context))
  if (required.every((name) => passed.get(name))) return 'green'
  return required.some((name) => passed.get(name) === false && !open.includes(name)) ? 'red' : 'pending'
}

/** Reads protection, reviews, statuses and check runs of the pull request's present head. */
export function rulesBroken(repository: RepositoryRecord, issue: PullIssue): MergeRules {
  const { pull } = issue
  const checks = checksAt(repository, pull.headSha)
  const unstable = [...checks.values()].some((passed) => !passed)
  const protection = repository.protections.get(pull.baseRef)
  if (!protection) return { blocking: undefined, unstable }
  const missing = protection.requiredChecks.find((name) => !checks.get(name))
  if (missing !== undefined) return { blocking: `Required status check "${missing}" is expected.`, unstable }
  if (protection.conversations && openThreads(pull).length > 0)
    return { blocking: 'A conversation must be resolved before this pull request can be merged.', unstable }
  const verdicts = [...latestVerdicts(repository, pull.reviews).values()]
  if (verdicts.some((review) => review.state === 'CHANGES_REQUESTED'))
    return { blocking: 'Changes must be addressed before merging.', unstable }
  const approvals = verdicts.filter((review) => review.state === 'APPROVED').length
  if (approvals >= protection.requiredApprovals) return { blocking: undefined, unstable }
  const wanted = protection.requiredApprovals
  const blocking = `At least ${wanted} approving review${wanted === 1 ? ' is' : 's are'} required by reviewers with write access.`
  return { blocking, unstable }
}

/** The last approval or request of everybody with write access; a comment does not take back a verdict. */
function latestVerdicts(repository: RepositoryRecord, reviews: ReviewRecord[]): Map<number, ReviewRecord> {
  const latest = new Map<number, ReviewRecord>()
  for (const review of reviews) {
    if (review.state === 'COMMENTED') continue
    if (!['admin', 'maintain', 'write'].includes(roleOf(repository, review.user))) continue
    latest.set(review.user.id, review)
  }
  return latest
}

/** Check or status name → did its last word pass? */
function checksAt(repository: RepositoryRecord, sha: string): Map<string, boolean> {
  const passed = new Map<string, boolean>()
  for (const status of repository.statuses)
    if (status.sha === sha) passed.set(status.context, status.state === 'success')
  for (const suite of repository.suites) {
    if (suite.headSha !== sha) continue
    for (const run of suite.runs) passed.set(run.name, isGreen(run))
  }
  return passed
}

function isOpen(run: CheckRun): boolean {
  return run.status !== 'completed'
}

function isGreen(run: CheckRun): boolean {
  return run.status === 'completed' && ['success', 'neutral', 'skipped'].includes(run.conclusion ?? '')
}
