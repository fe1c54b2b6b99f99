/** The few mutations of the GraphQL API that have no REST route. Each is known by its name in the query. */
import { z } from 'zod'
import { markReady } from '../acts/pulls.ts'
import { granted } from '../api/access.ts'
import { type Call, ok, parseBody, type Route, type RouteAnswer } from '../api/route.ts'
import { isPull, type PullIssue, type RepositoryRecord } from '../model.ts'
import { nodeId } from '../payloads/accounts.ts'
import { appActor } from '../world.ts'

const Query = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()).default({}) })

export const graphqlRoutes: Route[] = [
  // GitHub answers errors of a query with 200.
  { method: 'POST', path: '/api/graphql', who: 'installation', needs: [], handle: answer },
]

function answer(call: Call): RouteAnswer {
  const { query, variables } = parseBody(call, Query)
  if (!query.includes('markPullRequestReadyForReview')) return failed('INVALID', 'The playground has no such field')
  const found = findPull(call, String(variables.id))
  if (!found) return failed('NOT_FOUND', `Could not resolve to a node with the global id of '${variables.id}'`)
  const { caller } = call
  if (caller.kind !== 'installation' || !granted(caller.token, 'pull_requests:write'))
    return failed('FORBIDDEN', 'Resource not accessible by integration')
  markReady({ world: call.world, actor: appActor(call.world.app) }, found.repository, found.issue)
  return ok({ data: { markPullRequestReadyForReview: { pullRequest: { isDraft: found.issue.pull.draft } } } })
}

function failed(type: string, message: string): RouteAnswer {
  return ok({ data: null, errors: [{ type, message }] })
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
