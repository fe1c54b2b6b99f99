/** Comments on issues and pull requests, and reactions to anything. */
import {
  type ActingAccount,
  ApiRefusal,
  type Comment,
  type IssueRecord,
  invalid,
  type Reaction,
  type RepositoryRecord,
} from '../model.ts'
import { commentBody, issueBody } from '../payloads/issues.ts'
import type { World } from '../world.ts'
import { checkBody } from './issues.ts'

export function createComment(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  issue: IssueRecord,
  body: string,
): Comment {
  checkComment(body)
  const now = world.now()
  const comment: Comment = {
    id: world.nextId(),
    user: actor.account,
    app: actor.app,
    body,
    createdAt: now,
    updatedAt: now,
    reactions: [],
  }
  issue.comments.push(comment)
  issue.updatedAt = now
  emitComment({ world, actor, repository, issue }, comment, 'created')
  return comment
}

export function editComment(
  { world, actor }: { world: World; actor: ActingAccount },
  repository: RepositoryRecord,
  { issue, comment }: { issue: IssueRecord; comment: Comment },
  body: string,
): void {
  checkComment(body)
  const from = comment.body
  if (from === body) return
  comment.body = body
  comment.updatedAt = world.now()
  emitComment({ world, actor, repository, issue }, comment, 'edited', { changes: { body: { from } } })
}

export function deleteComment(
  world: World,
  actor: ActingAccount,
  repository: RepositoryRecord,
  { issue, comment }: { issue: IssueRecord; comment: Comment },
): void {
  issue.comments = issue.comments.filter((one) => one !== comment)
  emitComment({ world, actor, repository, issue }, comment, 'deleted')
}

/** @throws {ApiRefusal} 404 when the repository has no comment with this id. */
export function commentOf(repository: RepositoryRecord, id: number): { issue: IssueRecord; comment: Comment } {
  for (const issue of repository.issues.values()) {
    const comment = issue.comments.find((one) => one.id === id)
    if (comment) return { issue, comment }
  }
  throw new ApiRefusal(404, 'Not Found')
}

function checkComment(body: string): void {
  if (body.trim() === '') throw invalid('IssueComment', 'body', 'custom', 'Body cannot be blank')
  checkBody('IssueComment', body)
}

/** `issue_comment` is sent for pull requests too; their `issue` has a `pull_request`. */
function emitComment(
  {
    world,
    actor,
    repository,
    issue,
  }: { world: World; actor: ActingAccount; repository: RepositoryRecord; issue: IssueRecord },
  comment: Comment,
  action: string,
  more: Record<string, unknown> = {},
): void {
  const payload = {
    issue: issueBody(world, repository, issue),
    comment: commentBody(world, repository, issue, comment),
    ...more,
  }
  world.emit({ event: 'issue_comment', action, actor, repository, payload })
}

/** Adds a reaction; the same one by the same account exists once. GitHub sends no webhook for reactions. */
export function react(
  world: World,
  actor: ActingAccount,
  reactions: Reaction[],
  content: Reaction['content'],
): { reaction: Reaction; created: boolean } {
  const found = reactions.find((one) => one.user.id === actor.account.id && one.content === content)
  if (found) return { reaction: found, created: false }
  const reaction: Reaction = { id: world.nextId(), user: actor.account, content, createdAt: world.now() }
  reactions.push(reaction)
  world.changed()
  return { reaction, created: true }
}
