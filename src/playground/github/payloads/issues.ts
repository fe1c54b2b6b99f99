/** Bodies for issues and their comments. */
import type { Account, Comment, IssueEventRecord, IssueRecord, RepositoryRecord, Schemas } from '../model.ts'
import { blockedByIt, repositoryHolding, type World } from '../world.ts'
import { appBody, nodeId, reactionRollup, userBody } from './accounts.ts'
import { labelBody, repositoryBody, repositoryHtml, repositoryUrl } from './repositories.ts'

/** How GitHub describes an author to the public. It does not say who may write: private members hide here. */
export function associationOf(repository: RepositoryRecord, account: Account): Schemas['author-association'] {
  if (account.id === repository.owner.id) return 'OWNER'
  const role = repository.collaborators.get(account.id)
  return role && role !== 'none' ? 'COLLABORATOR' : 'NONE'
}

export function issueUrl(world: World, repository: RepositoryRecord, issue: IssueRecord): string {
  return `${repositoryUrl(world, repository)}/issues/${issue.number}`
}

export function issueHtml(world: World, repository: RepositoryRecord, issue: IssueRecord): string {
  return `${repositoryHtml(world, repository)}/${issue.pull ? 'pull' : 'issues'}/${issue.number}`
}

export function issueBody(world: World, repository: RepositoryRecord, issue: IssueRecord): Schemas['issue'] {
  const url = issueUrl(world, repository, issue)
  const assignees = issue.assignees.map((account) => userBody(world, account))
  return {
    url,
    repository_url: repositoryUrl(world, repository),
    labels_url: `${url}/labels{/name}`,
    comments_url: `${url}/comments`,
    events_url: `${url}/events`,
    timeline_url: `${url}/timeline`,
    html_url: issueHtml(world, repository, issue),
    id: issue.id,
    node_id: nodeId('Issue', issue.id),
    number: issue.number,
    title: issue.title,
    user: userBody(world, issue.user),
    labels: issue.labels.map((label) => labelBody(world, repository, label)),
    state: issue.state,
    state_reason: issue.stateReason,
    locked: false,
    active_lock_reason: null,
    assignee: assignees[0] ?? null,
    assignees,
    milestone: null,
    comments: issue.comments.length,
    created_at: issue.createdAt.toISOString(),
    updated_at: issue.updatedAt.toISOString(),
    closed_at: issue.closedAt?.toISOString() ?? null,
    closed_by: issue.closedBy ? userBody(world, issue.closedBy) : null,
    author_association: associationOf(repository, issue.user),
    body: issue.body,
    reactions: reactionRollup(url, issue.reactions),
    performed_via_github_app: issue.app ? appBody(world, issue.app) : null,
    draft: issue.pull?.draft ?? false,
    ...relations(world, issue),
    ...(issue.pull ? pullLinks(world, repository, issue) : {}),
  }
}

function relations(world: World, issue: IssueRecord) {
  const completed = issue.subIssues.filter((sub) => sub.state === 'closed').length
  const total = issue.subIssues.length
  const blocking = blockedByIt(world, issue)
  const open = (issues: IssueRecord[]): number => issues.filter((other) => other.state === 'open').length
  const percent = total === 0 ? 0 : Math.floor((completed * 100) / total)
  const dependencies = {
    blocked_by: open(issue.blockedBy),
    total_blocked_by: issue.blockedBy.length,
    blocking: issue.state === 'open' ? open(blocking) : 0,
    total_blocking: blocking.length,
  }
  const { parent } = issue
  return {
    ...(world.lacks('/sub_issues') ? {} : { sub_issues_summary: { total, completed, percent_completed: percent } }),
    ...(world.lacks('/dependencies/') ? {} : { issue_dependencies_summary: dependencies }),
    ...(parent ? { parent_issue_url: issueUrl(world, repositoryHolding(world, parent), parent) } : {}),
  }
}

function pullLinks(world: World, repository: RepositoryRecord, issue: IssueRecord) {
  const html = issueHtml(world, repository, issue)
  return {
    pull_request: {
      url: `${repositoryUrl(world, repository)}/pulls/${issue.number}`,
      html_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      merged_at: issue.pull?.mergedAt?.toISOString() ?? null,
    },
  }
}

export function commentBody(
  world: World,
  repository: RepositoryRecord,
  issue: IssueRecord,
  comment: Comment,
): Schemas['issue-comment'] {
  const url = `${repositoryUrl(world, repository)}/issues/comments/${comment.id}`
  return {
    url,
    html_url: `${issueHtml(world, repository, issue)}#issuecomment-${comment.id}`,
    issue_url: issueUrl(world, repository, issue),
    id: comment.id,
    node_id: nodeId('IssueComment', comment.id),
    user: userBody(world, comment.user),
    created_at: comment.createdAt.toISOString(),
    updated_at: comment.updatedAt.toISOString(),
    author_association: associationOf(repository, comment.user),
    body: comment.body,
    reactions: reactionRollup(url, comment.reactions),
    performed_via_github_app: comment.app ? appBody(world, comment.app) : null,
  }
}

export function issueEventBody(
  world: World,
  repository: RepositoryRecord,
  event: IssueEventRecord,
): Schemas['issue-event'] {
  return {
    id: event.id,
    node_id: nodeId('IssueEvent', event.id),
    url: `${repositoryUrl(world, repository)}/issues/events/${event.id}`,
    actor: userBody(world, event.user),
    event: event.event,
    commit_id: null,
    commit_url: null,
    created_at: event.createdAt.toISOString(),
    performed_via_github_app: event.app ? appBody(world, event.app) : null,
    ...(event.label ? { label: event.label } : {}),
    ...(event.other ? linkBody(world, event.event, event.other) : {}),
  }
}

function linkBody(world: World, event: IssueEventRecord['event'], other: IssueRecord) {
  const end = {
    number: other.number,
    title: other.title,
    state: other.state,
    state_reason: other.stateReason,
    repository: repositoryBody(world, repositoryHolding(world, other)),
    issue_type: null,
  }
  return event.startsWith('sub_') ? { sub_issue: end } : { parent_issue: end }
}
