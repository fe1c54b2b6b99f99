/** Comments on issues and pull requests, and reactions. */
import { z } from 'zod'
import { commentOf, createComment, deleteComment, editComment, react } from '../acts/comments.ts'
import { reviewCommentOf } from '../acts/reviews.ts'
import { paged } from '../api/pages.ts'
import {
  created,
  type Need,
  noContent,
  numberParam,
  ok,
  parseBody,
  type RepositoryCall,
  type Route,
  repositoryRoute,
} from '../api/route.ts'
import { ApiRefusal, type Comment, type IssueRecord, type Reaction } from '../model.ts'
import { reactionBody } from '../payloads/accounts.ts'
import { commentBody } from '../payloads/issues.ts'
import { issueFor } from './issues.ts'

const READ: Need[] = ['issues:read', 'pull_requests:read']
const WRITE: Need[] = ['issues:write', 'pull_requests:write']

const Body = z.object({ body: z.string() })
const NewReaction = z.object({
  content: z.enum(['+1', '-1', 'laugh', 'confused', 'heart', 'hooray', 'rocket', 'eyes']),
})

export const commentRoutes: Route[] = [
  repositoryRoute('GET', '/issues/{issue_number}/comments', READ, (call) => {
    const issue = issueFor(call)
    const since = call.query.get('since')
    const comments = issue.comments.filter((comment) => !since || comment.updatedAt >= new Date(since))
    return paged(call, comments, (comment) => body(call, { issue, comment }))
  }),
  repositoryRoute('POST', '/issues/{issue_number}/comments', WRITE, (call) => {
    const issue = issueFor(call)
    const comment = createComment(
      { world: call.world, actor: call.actor },
      call.repository,
      issue,
      parseBody(call, Body).body,
    )
    return created(body(call, { issue, comment }))
  }),
  repositoryRoute('GET', '/issues/comments', READ, (call) => {
    const since = call.query.get('since')
    const all = [...call.repository.issues.values()]
      .flatMap((issue) => issue.comments.map((comment) => ({ issue, comment })))
      .filter(({ comment }) => !since || comment.updatedAt >= new Date(since))
      .toSorted((one, other) => one.comment.id - other.comment.id)
    return paged(call, call.query.get('direction') === 'desc' ? all.reverse() : all, (one) => body(call, one))
  }),
  repositoryRoute('GET', '/issues/comments/{comment_id}', READ, (call) => ok(body(call, commentFor(call)))),
  repositoryRoute('PATCH', '/issues/comments/{comment_id}', WRITE, (call) => {
    const found = commentFor(call)
    editComment({ world: call.world, actor: call.actor }, call.repository, found, parseBody(call, Body).body)
    return ok(body(call, found))
  }),
  repositoryRoute('DELETE', '/issues/comments/{comment_id}', WRITE, (call) => {
    deleteComment(call.world, call.actor, call.repository, commentFor(call))
    return noContent
  }),
  ...reactionRoutes('/issues/{issue_number}', READ, WRITE, (call) => issueFor(call)),
  ...reactionRoutes('/issues/comments/{comment_id}', READ, WRITE, (call) => commentFor(call).comment),
  ...reactionRoutes(
    '/pulls/comments/{comment_id}',
    ['pull_requests:read'],
    ['pull_requests:write'],
    (call) => reviewCommentOf(call.repository, numberParam(call, 'comment_id')).comment,
  ),
]

function commentFor(call: RepositoryCall) {
  return commentOf(call.repository, numberParam(call, 'comment_id'))
}

function body(call: RepositoryCall, { issue, comment }: { issue: IssueRecord; comment: Comment }) {
  return commentBody(call.world, call.repository, issue, comment)
}

function reactionRoutes(
  path: string,
  read: Need[],
  write: Need[],
  target: (call: RepositoryCall) => { reactions: Reaction[] },
): Route[] {
  return [
    repositoryRoute('GET', `${path}/reactions`, read, (call) => {
      const content = call.query.get('content')
      const reactions = target(call).reactions.filter((one) => content === null || one.content === content)
      return paged(call, reactions, (one) => reactionBody(call.world, one))
    }),
    repositoryRoute('POST', `${path}/reactions`, write, (call) => {
      const { content } = parseBody(call, NewReaction)
      const { reaction, created: isNew } = react(call.world, call.actor, target(call).reactions, content)
      return { status: isNew ? 201 : 200, body: reactionBody(call.world, reaction) }
    }),
    repositoryRoute('DELETE', `${path}/reactions/{reaction_id}`, write, (call) => {
      const { reactions } = target(call)
      const at = reactions.findIndex((one) => one.id === numberParam(call, 'reaction_id'))
      if (at < 0) throw new ApiRefusal(404, 'Not Found')
      reactions.splice(at, 1)
      return noContent
    }),
  ]
}
