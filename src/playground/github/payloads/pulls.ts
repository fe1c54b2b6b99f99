/** Bodies for pull requests, reviews and review comments. */
import type { PullIssue, RepositoryRecord, ReviewCommentRecord, ReviewRecord, Schemas } from '../model.ts'
import { rulesBroken } from '../rules.ts'
import type { World } from '../world.ts'
import { appBody, nodeId, reactionRollup, userBody } from './accounts.ts'
import { associationOf, issueHtml, issueUrl } from './issues.ts'
import { labelBody, repositoryBody, repositoryUrl } from './repositories.ts'

export function pullUrl(world: World, repository: RepositoryRecord, issue: PullIssue): string {
  return `${repositoryUrl(world, repository)}/pulls/${issue.number}`
}

/** An entry of a list: without sizes and mergeability. */
export function pullListBody(world: World, repository: RepositoryRecord, issue: PullIssue) {
  const { pull } = issue
  const url = pullUrl(world, repository, issue)
  const html = issueHtml(world, repository, issue)
  const assignees = issue.assignees.map((account) => userBody(world, account))
  const labels = issue.labels.map((label) => ({
    ...labelBody(world, repository, label),
    description: label.description ?? '',
  }))
  return {
    url,
    id: pull.id,
    node_id: nodeId('PullRequest', pull.id),
    html_url: html,
    diff_url: `${html}.diff`,
    patch_url: `${html}.patch`,
    issue_url: issueUrl(world, repository, issue),
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${repositoryUrl(world, repository)}/pulls/comments{/number}`,
    comments_url: `${issueUrl(world, repository, issue)}/comments`,
    statuses_url: `${repositoryUrl(world, repository)}/statuses/${pull.headSha}`,
    number: issue.number,
    state: issue.state,
    locked: false,
    title: issue.title,
    user: userBody(world, issue.user),
    body: issue.body,
    labels,
    milestone: null,
    active_lock_reason: null,
    created_at: issue.createdAt.toISOString(),
    updated_at: issue.updatedAt.toISOString(),
    closed_at: issue.closedAt?.toISOString() ?? null,
    merged_at: pull.mergedAt?.toISOString() ?? null,
    merge_commit_sha: pull.mergeCommitSha,
    assignee: assignees[0] ?? null,
    assignees,
    requested_reviewers: pull.requestedReviewers.map((account) => userBody(world, account)),
    requested_teams: [],
    head: endBody(world, repository, pull.headRef, pull.headSha),
    base: endBody(world, repository, pull.baseRef, pull.baseSha),
    _links: linksBody(world, repository, issue),
    author_association: associationOf(repository, issue.user),
    auto_merge: null,
    draft: pull.draft,
  } satisfies Schemas['pull-request-simple']
}

function endBody(world: World, repository: RepositoryRecord, ref: string, sha: string) {
  return {
    label: `${repository.owner.login}:${ref}`,
    ref,
    sha,
    user: userBody(world, repository.owner),
    // The schema has `repository` here; what GitHub sends is the same shape as `GET /repos/{owner}/{repo}`.
    repo: repositoryBody(world, repository) as unknown as Schemas['repository'],
  }
}

function linksBody(world: World, repository: RepositoryRecord, issue: PullIssue) {
  const url = pullUrl(world, repository, issue)
  const issues = issueUrl(world, repository, issue)
  return {
    self: { href: url },
    html: { href: issueHtml(world, repository, issue) },
    issue: { href: issues },
    comments: { href: `${issues}/comments` },
    review_comments: { href: `${url}/comments` },
    review_comment: { href: `${repositoryUrl(world, repository)}/pulls/comments{/number}` },
    commits: { href: `${url}/commits` },
    statuses: { href: `${repositoryUrl(world, repository)}/statuses/${issue.pull.headSha}` },
  }
}

/** One pull request. `mergeable` is null until someone had it computed for the present head and base. */
export function pullBody(world: World, repository: RepositoryRecord, issue: PullIssue): Schemas['pull-request'] {
  const { pull } = issue
  const base = repository.refs.get(`refs/heads/${pull.baseRef}`)
  const known = pull.mergeability
  const merged = pull.mergedAt !== null
  const fresh = known && known.head === pull.headSha && known.base === base && !merged
  return {
    ...pullListBody(world, repository, issue),
    merged,
    mergeable: fresh ? known.clean : null,
    rebaseable: fresh ? known.clean : null,
    mergeable_state: fresh ? stateOf(repository, issue, known) : 'unknown',
    merged_by: pull.mergedBy ? userBody(world, pull.mergedBy) : null,
    comments: issue.comments.length,
    review_comments: pull.reviewComments.length,
    maintainer_can_modify: false,
    commits: pull.size.commits,
    additions: pull.size.additions,
    deletions: pull.size.deletions,
    changed_files: pull.size.changedFiles,
  }
}

function stateOf(
  repository: RepositoryRecord,
  issue: PullIssue,
  { clean, behind }: { clean: boolean; behind: boolean },
): string {
  if (!clean) return 'dirty'
  if (issue.pull.draft) return 'draft'
  const rules = rulesBroken(repository, issue)
  if (rules.blocking) return 'blocked'
  if (behind && repository.protections.get(issue.pull.baseRef)?.upToDate) return 'behind'
  return rules.unstable ? 'unstable' : 'clean'
}

export function reviewBody(
  world: World,
  repository: RepositoryRecord,
  issue: PullIssue,
  review: ReviewRecord,
): Schemas['pull-request-review'] {
  const html = `${issueHtml(world, repository, issue)}#pullrequestreview-${review.id}`
  const url = pullUrl(world, repository, issue)
  return {
    id: review.id,
    node_id: nodeId('PullRequestReview', review.id),
    user: userBody(world, review.user),
    body: review.body,
    state: review.state,
    html_url: html,
    pull_request_url: url,
    author_association: associationOf(repository, review.user),
    _links: { html: { href: html }, pull_request: { href: url } },
    submitted_at: review.submittedAt.toISOString(),
    commit_id: review.commitId,
  }
}

export function reviewCommentBody(
  world: World,
  repository: RepositoryRecord,
  issue: PullIssue,
  comment: ReviewCommentRecord,
): Schemas['pull-request-review-comment'] {
  const url = `${repositoryUrl(world, repository)}/pulls/comments/${comment.id}`
  const html = `${issueHtml(world, repository, issue)}#discussion_r${comment.id}`
  const pull = pullUrl(world, repository, issue)
  const line = comment.line === null ? {} : { line: comment.line, original_line: comment.line }
  return {
    url,
    pull_request_review_id: comment.reviewId,
    id: comment.id,
    node_id: nodeId('PullRequestReviewComment', comment.id),
    diff_hunk: '',
    path: comment.path,
    commit_id: comment.commitId,
    original_commit_id: comment.commitId,
    ...(comment.inReplyTo === undefined ? {} : { in_reply_to_id: comment.inReplyTo }),
    user: userBody(world, comment.user),
    body: comment.body,
    created_at: comment.createdAt.toISOString(),
    updated_at: comment.updatedAt.toISOString(),
    html_url: html,
    pull_request_url: pull,
    author_association: associationOf(repository, comment.user),
    _links: { self: { href: url }, html: { href: html }, pull_request: { href: pull } },
    ...line,
    side: comment.side,
    subject_type: comment.line === null ? 'file' : 'line',
    reactions: reactionRollup(url, comment.reactions),
    ...(comment.app ? { performed_via_github_app: appBody(world, comment.app) } : {}),
  }
}
