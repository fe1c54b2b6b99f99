/** May this caller use this route on this repository? And how much is left of its hourly budget? */
import type { Caller, Token } from '../auth.ts'
import { type Account, ApiRefusal, type RepositoryRecord } from '../model.ts'
import { appActor, findRepository, roleOf, type World } from '../world.ts'
import type { Call, Need, RepositoryCall, Route } from './route.ts'

/** Checks who calls; for a repository's route also fills in repository, actor and token. @throws {ApiRefusal} 401, 403, 404 */
export function admit(route: Route, call: Call): Call | RepositoryCall {
  const { caller } = call
  if (route.who === 'anyone') return call
  if (caller.kind === 'anonymous') throw new ApiRefusal(401, 'Requires authentication')
  if (route.who === 'app') {
    if (caller.kind !== 'app') throw new ApiRefusal(401, 'A JSON web token could not be decoded')
    return call
  }
  if (caller.kind === 'app')
    throw new ApiRefusal(
      403,
      'You must authenticate with an installation access token in order to access this endpoint.',
    )
  if (!call.params.repo) return call
  return caller.kind === 'person'
    ? admitPerson(route, call, caller.account)
    : admitToRepository(route, call, caller.token)
}

/** Someone exploring by hand, with a token of their own: everybody reads and comments, writers do the rest. */
function admitPerson(route: Route, call: Call, account: Account): RepositoryCall {
  const repository = findRepository(call.world, `${call.params.owner}/${call.params.repo}`)
  const role = repository ? roleOf(repository, account) : 'none'
  if (!repository || (repository.private && role === 'none')) throw new ApiRefusal(404, 'Not Found')
  const open =
    route.method === 'GET' || (route.method === 'POST' && /\/(?:comments|reactions|issues)$/.test(route.path))
  if (!open && !['admin', 'maintain', 'write'].includes(role)) throw new ApiRefusal(403, 'Must have push access')
  return { ...call, repository, actor: { account } }
}

function admitToRepository(route: Route, call: Call, token: Token): RepositoryCall {
  const repository = findRepository(call.world, `${call.params.owner}/${call.params.repo}`)
  if (!repository || !covers(token, repository)) throw new ApiRefusal(404, 'Not Found')
  if (!grantedAny(token, needsFor(route, call, repository)))
    throw new ApiRefusal(403, 'Resource not accessible by integration')
  return { ...call, repository, actor: appActor(call.world.app) }
}

/** Does the token reach the repository? */
export function covers(token: Token, repository: RepositoryRecord): boolean {
  if (!token.installation.repositories.has(repository.id)) return false
  return token.repositories?.has(repository.id) ?? true
}

/** Where a route takes issues and pull requests alike, the permission is that of what stands under the number. */
function needsFor(route: Route, call: Call, repository: RepositoryRecord): Need[] {
  const issue = repository.issues.get(Number(call.params.issue_number))
  const prefix = issue?.pull ? 'pull_requests:' : 'issues:'
  const fitting = route.needs.filter((need) => need.startsWith(prefix))
  return issue && route.needs.length > 1 && fitting.length > 0 ? fitting : route.needs
}

function grantedAny(token: Token, needs: Need[]): boolean {
  return needs.length === 0 || needs.some((need) => granted(token, need))
}

/** Does the token's permission reach this level? */
export function granted(token: Token, need: Need): boolean {
  const [name = '', level] = need.split(':')
  const have = token.permissions[name]
  return have !== undefined && (level === 'read' || have !== 'read')
}

export interface CallBudget {
  limit: number
  used: number
  resetAt: Date
}

/** Hourly budgets, one for the app and one per installation. */
export interface Budgets {
  of(caller: Caller): CallBudget
}

export function createBudgets(world: World, limit: number): Budgets {
  const budgets = new Map<string, CallBudget>()
  return {
    of(caller) {
      const name = caller.kind === 'installation' ? String(caller.token.installation.id) : caller.kind
      const now = world.now()
      const found = budgets.get(name)
      if (found && found.resetAt > now) return found
      const fresh = { limit, used: 0, resetAt: new Date(now.getTime() + 3600 * 1000) }
      budgets.set(name, fresh)
      return fresh
    },
  }
}

/** `X-RateLimit-*` */
export function budgetHeaders(budget: CallBudget): Record<string, string> {
  return {
    'x-ratelimit-limit': String(budget.limit),
    'x-ratelimit-remaining': String(Math.max(0, budget.limit - budget.used)),
    'x-ratelimit-used': String(budget.used),
    'x-ratelimit-reset': String(Math.ceil(budget.resetAt.getTime() / 1000)),
    'x-ratelimit-resource': 'core',
  }
}
