/** Repositories, collaborators, people and rate limits. */
import { paged } from '../api/pages.ts'
import {
  numberParam,
  ok,
  openRoute,
  type RepositoryCall,
  type Route,
  repositoryRoute,
  textParam,
} from '../api/route.ts'
import { type Account, ApiRefusal, type Role } from '../model.ts'
import { publicUserBody, userBody } from '../payloads/accounts.ts'
import { permissionsOf, protectionBody, repositoryBody, rulesBody, rulesetBody } from '../payloads/repositories.ts'
import { findAccount, roleOf } from '../world.ts'

export const repositoryRoutes: Route[] = [
  repositoryRoute('GET', '', 'metadata:read', (call) =>
    ok(repositoryBody(call.world, call.repository, call.world.app.bot)),
  ),
  repositoryRoute('GET', '/collaborators', 'metadata:read', (call) => {
    const people = [...call.world.accounts.values()].filter(
      (account) =>
        account.id === call.repository.owner.id || (call.repository.collaborators.get(account.id) ?? 'none') !== 'none',
    )
    return paged(call, people, (account) => collaborator(call, account))
  }),
  repositoryRoute('GET', '/collaborators/{username}', 'metadata:read', (call) => {
    const account = findAccount(call.world, textParam(call, 'username'))
    const role = account && call.repository.collaborators.get(account.id)
    if (!account || (account.id !== call.repository.owner.id && (role ?? 'none') === 'none'))
      throw new ApiRefusal(404, 'Not Found')
    return { status: 204 }
  }),
  repositoryRoute('GET', '/collaborators/{username}/permission', 'metadata:read', (call) => {
    const account = findAccount(call.world, textParam(call, 'username'))
    if (!account) throw new ApiRefusal(404, 'Not Found')
    const role = roleOf(call.repository, account)
    return ok({ permission: OLD_NAMES[role], role_name: role, user: collaborator(call, account) })
  }),
  repositoryRoute('GET', '/branches/{branch+}/protection', 'administration:read', (call) => {
    const branch = textParam(call, 'branch')
    if (!call.repository.refs.has(`refs/heads/${branch}`)) throw new ApiRefusal(404, 'Branch not found')
    const protection = call.repository.protections.get(branch)
    if (!protection || protection.ruleset) throw new ApiRefusal(404, 'Branch not protected')
    return ok(protectionBody(call.world, call.repository, branch, protection))
  }),
  repositoryRoute('GET', '/rules/branches/{branch+}', 'metadata:read', (call) => {
    const protection = call.repository.protections.get(textParam(call, 'branch'))
    return paged(call, protection?.ruleset ? rulesBody(call.repository, protection) : [], (rule) => rule)
  }),
  repositoryRoute('GET', '/rulesets/{ruleset_id}', 'metadata:read', (call) => {
    const found = [...call.repository.protections].find(([, { ruleset }]) => ruleset)
    if (!found || numberParam(call, 'ruleset_id') !== call.repository.id) throw new ApiRefusal(404, 'Not Found')
    return ok(rulesetBody(call.repository, ...found))
  }),
  openRoute('GET', '/users/{username}', (call) => {
    const account = findAccount(call.world, textParam(call, 'username'))
    if (!account) throw new ApiRefusal(404, 'Not Found')
    return ok(publicUserBody(call.world, account))
  }),
  openRoute('GET', '/user/{account_id}', (call) => {
    const account = call.world.accounts.get(numberParam(call, 'account_id'))
    if (!account) throw new ApiRefusal(404, 'Not Found')
    return ok(publicUserBody(call.world, account))
  }),
  openRoute('GET', '/meta', () => ok({ verifiable_password_authentication: true, installed_version: '3.19.0' })),
  openRoute('GET', '/zen', () => ok('Keep it logically awesome.')),
]

/** `permission` knows four words; `maintain` and `triage` show as the next lower of them. */
const OLD_NAMES: Record<Role, string> = {
  admin: 'admin',
  maintain: 'write',
  write: 'write',
  triage: 'read',
  read: 'read',
  none: 'none',
}

function collaborator({ world, repository }: RepositoryCall, account: Account) {
  const role = roleOf(repository, account)
  return { ...userBody(world, account), permissions: permissionsOf(role), role_name: role }
}
