/** What an app asks about itself: who it is, where it is installed, tokens, and its set-up from a manifest. */
import { z } from 'zod'
import { covers } from '../api/access.ts'
import { paged, pagedIn } from '../api/pages.ts'
import { appRoute, type Call, noContent, numberParam, ok, openRoute, parseBody, type Route } from '../api/route.ts'
import type { Token } from '../auth.ts'
import { ApiRefusal, type Installation, type Permissions, type RepositoryRecord } from '../model.ts'
import { appBody, installationBody } from '../payloads/accounts.ts'
import { repositoryBody } from '../payloads/repositories.ts'
import { findRepository, installationOf } from '../world.ts'

const TokenWish = z.object({
  repositories: z.array(z.string()).optional(),
  repository_ids: z.array(z.number()).optional(),
  permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])).optional(),
})

export const appRoutes: Route[] = [
  appRoute('GET', '/app', ({ world }) =>
    ok({ ...appBody(world, world.app), installations_count: world.installations.size }),
  ),
  appRoute('GET', '/app/installations', (call) =>
    paged(call, [...call.world.installations.values()], (one) => installationBody(call.world, one)),
  ),
  appRoute('GET', '/app/installations/{installation_id}', (call) =>
    ok(installationBody(call.world, installationFor(call))),
  ),
  appRoute('POST', '/app/installations/{installation_id}/access_tokens', mintToken),
  {
    method: 'DELETE',
    path: '/installation/token',
    who: 'installation',
    needs: [],
    handle(call) {
      if (call.caller.kind === 'installation') call.auth.forget(call.caller.token)
      return noContent
    },
  },
  appRoute('GET', '/repos/{owner}/{repo}/installation', (call) => {
    const repository = findRepository(call.world, `${call.params.owner}/${call.params.repo}`)
    const installation = repository && installationOf(call.world, repository)
    if (!installation) throw new ApiRefusal(404, 'Not Found')
    return ok(installationBody(call.world, installation))
  }),
  {
    method: 'GET',
    path: '/installation/repositories',
    who: 'installation',
    needs: [],
    handle(call) {
      if (call.caller.kind !== 'installation') throw new ApiRefusal(401, 'Bad credentials')
      const { token } = call.caller
      const reached = [...call.world.repositories.values()].filter((repository) => covers(token, repository))
      return pagedIn(call, 'repositories', reached, (one) => repositoryBody(call.world, one, call.world.app.bot))
    },
  },
]

function installationFor(call: Call): Installation {
  const installation = call.world.installations.get(numberParam(call, 'installation_id'))
  if (!installation) throw new ApiRefusal(404, 'Not Found')
  return installation
}

function mintToken(call: Call) {
  const installation = installationFor(call)
  if (installation.suspendedAt) throw new ApiRefusal(403, 'This installation has been suspended')
  const wish = parseBody(call, TokenWish)
  const chosen = chosenRepositories(call, installation, wish)
  const permissions = narrowed(installation.permissions, wish.permissions)
  const token = call.auth.mint({
    installation,
    permissions,
    repositories: chosen && new Set(chosen.map((repository) => repository.id)),
  })
  return { status: 201, body: tokenBody(call, token, chosen) }
}

/** The repositories the request names by name or id; undefined when it names none. @throws {ApiRefusal} 422 */
function chosenRepositories(
  call: Call,
  installation: Installation,
  wish: z.infer<typeof TokenWish>,
): RepositoryRecord[] | undefined {
  if (!wish.repositories && !wish.repository_ids) return undefined
  const all = [...installation.repositories]
    .map((id) => call.world.repositories.get(id))
    .filter((one) => one !== undefined)
  const wanted = [
    ...(wish.repositories ?? []).map((name) => all.find((one) => one.name.toLowerCase() === name.toLowerCase())),
    ...(wish.repository_ids ?? []).map((id) => all.find((one) => one.id === id)),
  ]
  const found = wanted.filter((one) => one !== undefined)
  if (found.length < wanted.length)
    throw new ApiRefusal(
      422,
      'There is at least one repository that does not exist or is not accessible to the parent installation.',
    )
  return found
}

/** The wish, if the installation has all of it. Reading metadata comes with everything. @throws {ApiRefusal} 422 */
function narrowed(have: Permissions, wish: Permissions | undefined): Permissions {
  if (!wish) return { ...have }
  for (const [name, level] of Object.entries(wish)) {
    const granted = have[name]
    if (granted === undefined || (granted === 'read' && level !== 'read'))
      throw new ApiRefusal(422, 'The permissions requested are not granted to this installation.')
  }
  return { metadata: 'read', ...wish }
}

function tokenBody(call: Call, token: Token, repositories: RepositoryRecord[] | undefined) {
  return {
    token: token.secret,
    // GitHub gives whole seconds here.
    expires_at: `${token.expiresAt.toISOString().slice(0, 19)}Z`,
    permissions: token.permissions,
    repository_selection: 'selected',
    ...(repositories ? { repositories: repositories.map((one) => repositoryBody(call.world, one)) } : {}),
  }
}

/** `POST /app-manifests/{code}/conversions`: the last step of registering an app; a code works once. */
export function manifestRoutes(codes: Map<string, AppManifest>, secrets: AppSecrets): Route[] {
  return [
    openRoute('POST', '/app-manifests/{code}/conversions', (call) => {
      const code = call.params.code ?? ''
      const manifest = codes.get(code)
      if (!manifest) throw new ApiRefusal(404, 'Not Found')
      codes.delete(code)
      const { app } = call.world
      app.name = manifest.name ?? app.name
      app.events = manifest.default_events ?? app.events
      app.permissions = { metadata: 'read', ...(manifest.default_permissions ?? app.permissions) }
      if (manifest.hook_attributes?.url && manifest.hook_attributes.active !== false)
        call.hooks.url = manifest.hook_attributes.url
      return { status: 201, body: { ...appBody(call.world, app), client_id: app.clientId, ...secrets } }
    }),
  ]
}

export interface AppManifest {
  name?: string
  url?: string
  redirect_url?: string
  hook_attributes?: { url?: string; active?: boolean }
  default_events?: string[]
  default_permissions?: Permissions
}

export interface AppSecrets {
  client_secret: string
  webhook_secret: string
  pem: string
}
