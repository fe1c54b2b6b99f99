/** May this pull request be merged now? A pure decision over facts; acting on it is in merge.ts. */

import { ciState } from '../domain/ci.ts'
import type { CheckReading, Review } from '../domain/github.ts'
import { isPerson } from '../domain/permissions.ts'

export interface MergeFacts {
  /** The head that the gates passed and that the merge was asked for. */
  sha: string
  pull: { state: 'open' | 'closed'; headSha: string; baseBranch: string; mergeable: boolean | null }
  /** Where the item wants to go: a pull request that was pointed elsewhere is not what was reviewed. */
  baseBranch: string
  /** All reviews, oldest first, each with whether its author may write here. */
  reviews: { review: Review; mayWrite: boolean }[]
  checks: CheckReading
  /** Names of the checks that the rules of the base branch require. */
  required: readonly string[]
  gates: { gate: string; verdict: 'pass' | 'fail' | 'needs-approval' | 'skip'; summary: string }[]
  approvalsNeeded: number
  /** A person's word about protected paths was given. */
  protectedAllowed: boolean
}

export type MergeDecision =
  | { kind: 'merge'; approvedBy: string[] }
  /** Something is still on its way; its arrival asks again. */
  | { kind: 'wait'; why: string }
  | { kind: 'refuse'; why: string }

/** Decides about a merge, first reason first. */
export function decideMerge(facts: MergeFacts): MergeDecision {
  if (facts.pull.state !== 'open') return refuse('the pull request is closed')
  if (facts.pull.headSha !== facts.sha) {
    return refuse(
      `the branch moved to ${facts.pull.headSha.slice(0, 7)} after it was checked and approved. Review the new commit`,
    )
  }
  if (facts.pull.baseBranch !== facts.baseBranch)
    return refuse(`it now goes to \`${facts.pull.baseBranch}\`, not \`${facts.baseBranch}\``)
  const gates = gatesVerdict(facts)
  if (gates) return gates
  const latest = latestByReviewer(facts.reviews)
  const against = latest.filter(({ review, mayWrite }) => mayWrite && review.state === 'changes_requested')
  if (against.length > 0) return refuse(`${names(against)} asked for changes`)
  const approved = latest.filter(
    ({ review, mayWrite }) => mayWrite && review.state === 'approved' && review.sha === facts.sha,
  )
  if (approved.length < facts.approvalsNeeded) {
    return refuse(
      `it needs ${facts.approvalsNeeded === 1 ? 'an approval' : `${facts.approvalsNeeded} approvals`} of ${facts.sha.slice(0, 7)} by a person with write access, and has ${approved.length}`,
    )
  }
  if (facts.pull.mergeable === false) return refuse('it conflicts with its base branch')
  return checksVerdict(facts) ?? { kind: 'merge', approvedBy: approved.map(({ review }) => review.author.login) }
}

function gatesVerdict({ gates, protectedAllowed }: MergeFacts): MergeDecision | undefined {
  if (gates.length === 0) return refuse('the gates have not run on this commit')
  const failed = gates.find((gate) => gate.verdict === 'fail')
  if (failed) return refuse(`the gate ${failed.gate} failed: ${failed.summary}`)
  const waiting = gates.find((gate) => gate.verdict === 'needs-approval')
  if (waiting && !protectedAllowed) return refuse(`${waiting.summary}. A person with write access must allow it`)
  return undefined
}

function checksVerdict({ checks, required }: MergeFacts): MergeDecision | undefined {
  const { verdict, failures, waitsFor } = ciState(checks, required)
  if (verdict === 'green') return undefined
  if (verdict === 'red') return refuse(`the check ${failures[0]?.name} failed`)
  const [name] = waitsFor
  const why = name ? `It waits for the check ${name}.` : 'It waits for checks that GitHub has not listed yet.'
  return { kind: 'wait', why }
}

/** Only a person's latest word counts; a comment does not take an approval back, a dismissal does. */
function latestByReviewer(reviews: MergeFacts['reviews']): MergeFacts['reviews'] {
  const latest = new Map<number, MergeFacts['reviews'][number]>()
  for (const one of reviews) {
    if (!isPerson(one.review.author) || one.review.state === 'commented' || one.review.state === 'pending') continue
    latest.set(one.review.author.id, one)
  }
  return [...latest.values()]
}

function refuse(why: string): MergeDecision {
  return { kind: 'refuse', why: `Not merged: ${why}.` }
}

function names(reviews: MergeFacts['reviews']): string {
  return reviews.map(({ review }) => review.author.login).join(', ')
}
