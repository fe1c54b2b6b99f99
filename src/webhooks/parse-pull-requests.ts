/** Facts about pull requests, reviews of them, and what CI says about their commits. */

import type { CheckCompleted, DomainEvent, PullRequestChanged } from '../domain/events.ts'
import type { Review } from '../domain/github.ts'
import type { Payload, Self } from './parse.ts'
import { isSelf } from './parse-issues.ts'
import * as read from './payload-schemas.ts'

/** `pull_request`. */
export function parsePullRequest(payload: Payload, action: string, self: Self): DomainEvent[] {
  if (action === 'labeled') return interpretLabel(payload, self)
  const how = pullMove(payload, action)
  if (!how) return []
  const { pull, at } = read.pull.parse(payload.pull_request)
  return [{ kind: 'pull-request-changed', how, ...read.envelope.parse(payload), at, pull }]
}

/** GitHub tells of labels on pull requests here; a pull request is an issue too. */
function interpretLabel(payload: Payload, self: Self): DomainEvent[] {
  const common = read.envelope.parse(payload)
  if (isSelf(common.sender, self)) return []
  const { issue, at } = read.issue.parse(payload.pull_request)
  const label = read.label.parse(payload.label).name
  return [{ kind: 'issue-changed', how: 'labelled', label, ...common, at, issue: { ...issue, isPullRequest: true } }]
}

function pullMove(payload: Payload, action: string): PullRequestChanged['how'] | undefined {
  if (action === 'closed' || action === 'reopened' || action === 'synchronize') return action
  if (action !== 'edited') return undefined
  return read.edited.parse(payload).changes.base === undefined ? undefined : 'retargeted'
}

const reviewStates: readonly Review['state'][] = ['approved', 'changes_requested', 'commented', 'dismissed']

/** `pull_request_review`: submitted and dismissed ones. An edit changes the words, not the verdict. */
export function parseReview(payload: Payload, action: string): DomainEvent[] {
  if (action !== 'submitted' && action !== 'dismissed') return []
  const review = read.review.parse(payload.review)
  const { pull, at } = read.pull.parse(payload.pull_request)
  const state = action === 'dismissed' ? 'dismissed' : reviewStates.find((known) => known === review.state)
  if (!state) return []
  return [
    {
      kind: 'review-submitted',
      ...read.envelope.parse(payload),
      at: review.submitted_at ?? at,
      pull,
      review: {
        id: review.id,
        author: review.user,
        state,
        sha: review.commit_id ?? null,
        body: review.body,
        at: review.submitted_at ?? null,
      },
    },
  ]
}

function conclude(conclusion: string | null | undefined): CheckCompleted['verdict'] {
  if (conclusion === 'success') return 'success'
  return conclusion === 'neutral' || conclusion === 'skipped' ? 'neutral' : 'failure'
}

/** `check_run`: ended ones that are not ours. */
export function parseCheckRun(payload: Payload, action: string, self: Self): DomainEvent[] {
  if (action !== 'completed') return []
  const run = read.checkRun.parse(payload.check_run)
  if (run.app?.id === self.id) return []
  return [
    {
      kind: 'check-completed',
      ...read.envelope.parse(payload),
      at: null,
      id: `check_run:${run.id}`,
      sha: run.head_sha,
      name: run.name,
      verdict: conclude(run.conclusion),
      url: run.html_url ?? null,
      suiteId: run.check_suite?.id ?? null,
      isSuite: false,
    },
  ]
}

/** `check_suite`: its runs are told one by one; the suite is the word that all of them have ended. */
export function parseCheckSuite(payload: Payload, action: string, self: Self): DomainEvent[] {
  if (action !== 'completed') return []
  const suite = read.checkSuite.parse(payload.check_suite)
  if (suite.app?.id === self.id) return []
  return [
    {
      kind: 'check-completed',
      ...read.envelope.parse(payload),
      at: null,
      id: `check_suite:${suite.id}`,
      sha: suite.head_sha,
      name: 'check suite',
      verdict: conclude(suite.conclusion),
      url: null,
      suiteId: suite.id,
      isSuite: true,
    },
  ]
}

/** `status`. */
export function parseStatus(payload: Payload): DomainEvent[] {
  const status = read.status.parse(payload)
  if (status.state === 'pending') return []
  return [
    {
      kind: 'check-completed',
      ...read.envelope.parse(payload),
      at: null,
      id: `status:${status.id}`,
      sha: status.sha,
      name: status.context,
      verdict: status.state === 'success' ? 'success' : 'failure',
      url: status.target_url ?? null,
      suiteId: null,
      isSuite: false,
    },
  ]
}
