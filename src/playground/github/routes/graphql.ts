/**
 * The little of GraphQL that an app cannot do without: what REST has no endpoint for. Operations are known by their fields;
 * anything else is refused, so that it is not taken for GitHub's answer.
 */
import { z } from 'zod'
import { enqueuePull, entryOf } from '../acts/merge-queue.ts'
import { markReady } from '../acts/pulls.ts'
import { resolveThread, threadsOf } from '../acts/threads.ts'
import { covers, granted } from '../api/access.ts'
import { type Call, ok, parseBody, type Route, type RouteAnswer } from '../api/route.ts'
import { type ActingAccount, ApiRefusal, asPull, isPull, type PullIssue, type RepositoryRecord } from '../model.ts'
import { nodeId } from '../payloads/accounts.ts'
import { appActor, findRepository, issueOf } from '../world.ts'

const Request = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).default({}) })
type Request = z.infer<typeof Request>

export const graphqlRoutes: Route[] = [
  {
    method: 'POST',
    path: '/graphql',
    who: 'installation',
    needs: [],
    handle(call) {
      const request = parseBody(call, Request)
      if (/^\s*query\b/.test(request.query) && request.query.includes('reviewThreads(')) return threads(call, request)
      if (request.query.includes('markPullRequestReadyForReview(')) return ready(call, request)
      if (request.query.includes('enqueuePullRequest(')) return enqueue(call, request)
      if (/^\s*query\b/.test(request.query) && request.query.includes('isInMergeQueue')) return queued(call, request)
      if (/^\s*mutation\b/.test(request.query)) return mutations(call, request)
      return unknownOperation('The playground does not know this operation')
    },
  },
]

/** GraphQL answers 200 for what it refuses, too. */
function refused(message: string): RouteAnswer {
  return ok({ data: null, errors: [{ type: 'NOT_FOUND', message }] })
}

function unknownOperation(message: string): RouteAnswer {
  return { ...refused(message), unknown: true }
}

function reach(call: Call, repository: RepositoryRecord | undefined, level: 'read' | 'write'): RepositoryRecord {
  const { caller } = call
  if (caller.kind !== 'installation') throw new ApiRefusal(401, 'Requires authentication')
  const may = repository && covers(caller.token, repository) && granted(caller.token, `pull_requests:${level}`)
  if (!may) throw new ApiRefusal(403, 'Resource not accessible by integration')
  return repository
}

function threads(call: Call, { variables }: Request): RouteAnswer {
  const repository = reach(call, findRepository(call.world, `${variables.owner}/${variables.repo}`), 'read')
  const { pull } = asPull(issueOf(repository, Number(variables.number)))
  const nodes = threadsOf(pull).map((id) => ({
    id: nodeId('PullRequestReviewThread', id),
    isResolved: pull.resolvedThreads.has(id),
    comments: { nodes: [{ databaseId: id }] },
  }))
  const reviewThreads = { pageInfo: { hasNextPage: false, endCursor: null }, nodes }
  return ok({ data: { repository: { pullRequest: { reviewThreads } } } })
}

/** Fields of a mutation in their order: `t0: resolveReviewThread(input: {threadId: $thread0})`. */
const field = /(\w+)\s*:\s*(\w+)\s*\(\s*input\s*:\s*\{\s*(\w+)\s*:\s*\$(\w+)/g

function mutations(call: Call, { query, variables }: Request): RouteAnswer {
  const data: Record<string, unknown> = {}
  const actor = appActor(call.world.app)
  for (const [, alias = '', name, argument, variable = ''] of query.matchAll(field)) {
    if (name !== 'resolveReviewThread' || argument !== 'threadId')
      return unknownOperation(`The playground does not know ${name}`)
    resolve(call, actor, String(variables[variable]))
    data[alias] = { clientMutationId: null }
  }
  return ok({ data })
}

function resolve(call: Call, actor: ActingAccount, node: string): void {
  const id = Number(/^PullRequestReviewThread:(\d+)$/.exec(Buffer.from(node, 'base64url').toString())?.[1])
  const holds = (one: RepositoryRecord) =>
    [...one.issues.values()].some(({ pull }) => pull && threadsOf(pull).includes(id))
  const repository = reach(call, [...call.world.repositories.values()].find(holds), 'write')
  resolveThread({ world: call.world, actor }, repository, id)
}

function ready(call: Call, { variables }: Request): RouteAnswer {
  const found = findPull(call, String(variables.id))
  if (!found) return refused(`Could not resolve to a node with the global id of '${variables.id}'`)
  const repository = reach(call, found.repository, 'write')
  markReady({ world: call.world, actor: appActor(call.world.app) }, repository, found.issue)
  return ok({ data: { markPullRequestReadyForReview: { pullRequest: { isDraft: found.issue.pull.draft } } } })
}

function queued(call: Call, { variables }: Request): RouteAnswer {
  const repository = reach(call, findRepository(call.world, `${variables.owner}/${variables.repo}`), 'read')
  const issue = asPull(issueOf(repository, Number(variables.number)))
  const isInMergeQueue = entryOf(repository, issue) !== undefined
  return ok({ data: { repository: { pullRequest: { id: nodeId('PullRequest', issue.pull.id), isInMergeQueue } } } })
}

function enqueue(call: Call, { variables }: Request): RouteAnswer {
  const found = findPull(call, String(variables.pull))
  if (!found) return refused(`Could not resolve to a node with the global id of '${variables.pull}'`)
  const repository = reach(call, found.repository, 'write')
  const expected = variables.head === undefined ? undefined : String(variables.head)
  try {
    enqueuePull({ world: call.world, actor: appActor(call.world.app) }, repository, found.issue, expected)
  } catch (error) {
    if (!(error instanceof ApiRefusal)) throw error
    return ok({ data: { enqueuePullRequest: null }, errors: [{ type: 'UNPROCESSABLE', message: error.message }] })
  }
  return ok({ data: { enqueuePullRequest: { clientMutationId: null } } })
}

function findPull({ world }: Call, id: string): { repository: RepositoryRecord; issue: PullIssue } | undefined {
  for (const repository of world.repositories.values()) {
    const issue = [...repository.issues.values()]
      .filter(isPull)
      .find(({ pull }) => nodeId('PullRequest', pull.id) === id)
    if (issue) return { repository, issue }
  }
  return undefined
}
