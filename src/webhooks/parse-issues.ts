/** Facts about issues, their comments and what blocks them. */

import type { DomainEvent, IssueChanged } from '../domain/events.ts'
import type { Actor } from '../domain/github.ts'
import type { Payload, Self } from './parse.ts'
import * as read from './payload-schemas.ts'

/** Whether an actor is the app itself: what it does and says triggers nothing. */
export function isSelf(actor: Actor, self: Self): boolean {
  return actor.type === 'Bot' && actor.login === self.botLogin
}

const moves: Readonly<Record<string, IssueChanged['how']>> = {
  labeled: 'labelled',
  unlabeled: 'unlabelled',
  closed: 'closed',
  reopened: 'reopened',
}

/** `issues`. */
export function parseIssue(payload: Payload, action: string, self: Self): DomainEvent[] {
  const how = Object.hasOwn(moves, action) ? moves[action] : undefined
  if (!how && !['edited', 'deleted', 'transferred'].includes(action)) return []
  const { issue, at } = read.issue.parse(payload.issue)
  const common = { ...read.envelope.parse(payload), issue, at }
  if (action === 'edited') {
    const { title, body } = read.edited.parse(payload).changes
    const changed = { title: title !== undefined, body: body !== undefined }
    return isSelf(common.sender, self) ? [] : [{ kind: 'issue-edited', ...common, changed }]
  }
  if (action === 'deleted' || action === 'transferred') return [{ kind: 'issue-removed', how: action, ...common }]
  if (!how) return []
  const labelled = how === 'labelled' || how === 'unlabelled'
  // Our own label moves are projections of our own states. Our own closing is told to those who wait for the issue.
  if (labelled && isSelf(common.sender, self)) return []
  const label = labelled ? read.label.parse(payload.label).name : null
  return [{ kind: 'issue-changed', how, label, ...common }]
}

/** `issue_comment`: new ones that are not our own, and our plans where somebody else edited them. */
export function parseComment(payload: Payload, action: string, self: Self): DomainEvent[] {
  if (action === 'edited') return interpretPlanEdit(payload, self)
  if (action !== 'created') return []
  const comment = read.comment.parse(payload.comment)
  const common = read.envelope.parse(payload)
  if (isSelf(comment.user, self) || isSelf(common.sender, self)) return []
  const { issue } = read.issue.parse(payload.issue)
  return [
    {
      kind: 'comment-created',
      ...common,
      // Whoever wrote it commands, not whoever caused the event.
      sender: comment.user,
      at: comment.created_at,
      issue,
      commentId: comment.id,
      body: comment.body,
    },
  ]
}

function interpretPlanEdit(payload: Payload, self: Self): DomainEvent[] {
  const comment = read.comment.parse(payload.comment)
  const planId = isSelf(comment.user, self) && /<!-- tutti:plan:(\d{1,15}) -->/.exec(comment.body)?.[1]
  if (!planId) return []
  const common = read.envelope.parse(payload)
  if (isSelf(common.sender, self)) return []
  const { issue } = read.issue.parse(payload.issue)
  const { id: commentId, body, updated_at: at = null } = comment
  return [{ kind: 'plan-edited', ...common, at, issue, commentId, planId: Number(planId), body }]
}

/** `issue_dependencies`: each change comes twice, once from either end; the blocked one's is taken. */
export function parseDependency(payload: Payload, action: string): DomainEvent[] {
  if (action !== 'blocked_by_added' && action !== 'blocked_by_removed') return []
  const { blocked_issue, blocking_issue, blocking_issue_repo } = read.blockedBy.parse(payload)
  return [
    {
      kind: 'dependency-changed',
      ...read.envelope.parse(payload),
      at: null,
      issueNumber: blocked_issue.number,
      change: action === 'blocked_by_added' ? 'added' : 'removed',
      blocker: {
        repository: blocking_issue_repo.full_name.toLowerCase(),
        issueNumber: blocking_issue.number,
        state: blocking_issue.state,
      },
    },
  ]
}

/** `sub_issues`: each change comes twice, once from either end; the parent's is taken. */
export function parseSubIssue(payload: Payload, action: string, self: Self): DomainEvent[] {
  if (action !== 'sub_issue_added' && action !== 'sub_issue_removed') return []
  const { parent_issue, sub_issue, sub_issue_repo } = read.subIssue.parse(payload)
  const common = { ...read.envelope.parse(payload), at: null }
  // What we link ourselves is a part already; what we unlink is to be forgotten.
  if (action === 'sub_issue_added' && isSelf(common.sender, self)) return []
  return [
    {
      kind: 'sub-issue-changed',
      ...common,
      parent: parent_issue.issue,
      change: action === 'sub_issue_added' ? 'added' : 'removed',
      part: { repository: sub_issue_repo.full_name.toLowerCase(), issue: sub_issue.issue },
    },
  ]
}
