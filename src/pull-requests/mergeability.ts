/** Decides whether a pull request can be merged now. Pure; merge-pull-request.ts acts on the decision. */

import { ciState } from '../domain/ci.ts'
import type { CheckReading, PullRequest, Review } from '../domain/github.ts'
import { isPerson } from '../domain/permissions.ts'
import { isUpdated } from '../messages/conflicts.ts'
import { holds } from '../messages/merge-queue.ts'
import { waitsForApproval, waitsForDraft } from '../messages/merging.ts'
import * as messages from '../messages/pull-requests.ts'

export interface MergeFacts {
  /** The head that passed the gates and is to be merged. */
  sha: string
  pull: Pick<PullRequest, 'state' | 'headSha' | 'baseBranch' | 'mergeable' | 'mergeState' | 'draft'>
  /** The base branch of the item: with another one, the pull request is not the one that was reviewed. */
  baseBranch: string
  /** All reviews, oldest first, each with whether its author may write here. */
  reviews: { review: Review; mayWrite: boolean }[]
  checks: CheckReading
  /** Names of the checks that the rules of the base branch require. */
  required: readonly string[]
  gates: { gate: string; verdict: 'pass' | 'fail' | 'needs-approval' | 'skip'; summary: string }[]
  approvalsNeeded: number
  /** Who keeps it from being merged, by `/hold` or a label; undefined where nothing does. */
  hold?: { by: string | undefined; why: string }
  /** A person has approved the changes to protected paths. */
  protectedAllowed: boolean
}

export type MergeDecision =
  | { kind: 'merge'; approvedBy: string[] }
  /** What is missing can still come, and starts another decision: a check, an approval, the end of a draft. */
  | { kind: 'wait'; what: 'checks' | 'approvals' | 'draft' | 'hold'; why: string }
  /** Git, or an agent, brings the branch up to date first. */
  | { kind: 'update'; why: string }
  | { kind: 'refuse'; why: string }

/** The first reason against a merge counts; what waiting cannot mend comes before what it can. */
export function decideMerge(facts: MergeFacts): MergeDecision {
  if (facts.pull.state !== 'open') return refuse(messages.pullRequestIsClosed)
  if (facts.pull.headSha !== facts.sha) return refuse(messages.movedAfterChecks(facts.pull.headSha))
  if (facts.pull.baseBranch !== facts.baseBranch)
    return refuse(messages.hasAnotherBase(facts.pull.baseBranch, facts.baseBranch))
  const gates = gatesVerdict(facts)
  if (gates) return gates
  const latest = latestByReviewer(facts.reviews)
  const against = latest.filter(({ review, mayWrite }) => mayWrite && review.state === 'changes_requested')
  if (against.length > 0) return refuse(messages.changesRequestedBy(against.map(({ review }) => review.author.login)))
  if (facts.pull.mergeable === false) return { kind: 'update', why: isUpdated }
  const checks = checksVerdict(facts)
  if (checks?.kind === 'refuse') return checks
  if (facts.hold) return { kind: 'wait', what: 'hold', why: holds(facts.hold.by, facts.hold.why) }
  if (facts.pull.draft) return { kind: 'wait', what: 'draft', why: waitsForDraft }
  const approved = latest.filter(
    ({ review, mayWrite }) => mayWrite && review.state === 'approved' && review.sha === facts.sha,
  )
  if (approved.length < facts.approvalsNeeded) {
    const why = waitsForApproval(messages.lacksApprovals(facts.approvalsNeeded, facts.sha, approved.length))
    return { kind: 'wait', what: 'approvals', why }
  }
  if (!checks && facts.pull.mergeState === 'behind') return { kind: 'update', why: isUpdated }
  return checks ?? { kind: 'merge', approvedBy: approved.map(({ review }) => review.author.login) }
}

function gatesVerdict({ gates, protectedAllowed }: MergeFacts): MergeDecision | undefined {
  if (gates.length === 0) return refuse(messages.gatesHaveNotRun)
  const failed = gates.find((gate) => gate.verdict === 'fail')
  if (failed) return refuse(messages.gateFailed(failed.gate, failed.summary))
  const waiting = gates.find((gate) => gate.verdict === 'needs-approval')
  if (waiting && !protectedAllowed) return refuse(messages.needsExplicitApproval(waiting.summary))
  return undefined
}

function checksVerdict({ checks, required }: MergeFacts): MergeDecision | undefined {
  const { verdict, failures, waitsFor } = ciState(checks, required)
  if (verdict === 'green') return undefined
  const [failed] = failures
  if (failed) return refuse(messages.checkFailed(failed.name))
  const [name] = waitsFor
  return { kind: 'wait', what: 'checks', why: name ? messages.waitsForCheck(name) : messages.waitsForUnlistedChecks }
}

/** Only a person's latest review counts. A comment does not withdraw an approval, a dismissal does. */
function latestByReviewer(reviews: MergeFacts['reviews']): MergeFacts['reviews'] {
  const latest = new Map<number, MergeFacts['reviews'][number]>()
  for (const one of reviews) {
    if (!isPerson(one.review.author) || one.review.state === 'commented' || one.review.state === 'pending') continue
    latest.set(one.review.author.id, one)
  }
  return [...latest.values()]
}

function refuse(why: string): MergeDecision {
  return { kind: 'refuse', why: messages.notMerged(why) }
}
