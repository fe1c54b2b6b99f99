/** Tokens through the API, for whoever administrates everything; and the repositories that a token sees. */

import { type Context, Hono, type MiddlewareHandler } from 'hono'
import { z } from 'zod'
import type { Store } from '../db/connect.ts'
import { servedRepositories } from '../db/repositories.ts'
import { clientHeader, doorOfClient } from '../domain/doors.ts'
import { permits } from '../domain/permissions.ts'
import * as messages from '../messages/api.ts'
import { jsonBody } from './command-routes.ts'
import type { ApiEnv } from './guard.ts'
import type { Operation } from './openapi.ts'
import { ApiProblem } from './problem.ts'
import { administrates, makeToken, revokeToken, shownTokens, tokenRequest, tokenView } from './tokens.ts'

const tokenName = z.object({ name: z.string().describe('The name of the token') })
const repositoryView = z.object({
  systemId: z.string().describe('owner/name'),
  status: z.enum(['active', 'paused', 'gone']),
  permission: z.string().describe('What this token may do there, in the words of GitHub'),
})

/** What they are in the document. */
export const tokenOperations: readonly Operation[] = [
  {
    ...{ id: 'list-repositories', method: 'GET', path: '/api/repositories', tag: 'repositories' },
    summary: 'The repositories that this token sees',
    result: z.object({ repositories: z.array(repositoryView) }),
  },
  {
    ...{ id: 'list-tokens', method: 'GET', path: '/api/tokens', tag: 'tokens' },
    summary: 'All tokens, also those that are no longer valid; no secrets',
    result: z.object({ tokens: z.array(tokenView) }),
  },
  {
    ...{ id: 'create-token', method: 'POST', path: '/api/tokens', tag: 'tokens', status: 201 },
    summary: 'Makes a token; the secret is in this answer and nowhere else',
    body: tokenRequest,
    result: z.object({ secret: z.string().describe('Shown once'), token: tokenView }),
  },
  {
    ...{ id: 'revoke-token', method: 'DELETE', path: '/api/tokens/:name', tag: 'tokens' },
    summary: 'Revokes a token for ever; a second time changes nothing',
    parameters: tokenName,
    result: z.object({ token: tokenView }),
  },
]

/** The routes. */
export function tokenRoutes(store: Store): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  app.get('/api/repositories', async (context) => {
    const caller = context.get('caller')
    const repositories: z.infer<typeof repositoryView>[] = []
    for (const repo of await servedRepositories(store.db)) {
      const permission = await caller.permissionIn(repo)
      if (permits(permission, 'read')) repositories.push({ systemId: repo.fullName, status: repo.state, permission })
    }
    return context.json({ repositories })
  })
  app.use('/api/tokens', adminOnly)
  app.use('/api/tokens/*', adminOnly)
  app.get('/api/tokens', async (context) => context.json({ tokens: await shownTokens(store.db) }))
  app.post('/api/tokens', async (context) => {
    const request = (await jsonBody(context)) as z.input<typeof tokenRequest>
    const made = await makeToken(store, request, context.get('caller').actor.login, doorOf(context))
    context.header('Cache-Control', 'no-store')
    return context.json(made, 201)
  })
  app.delete('/api/tokens/:name', async (context) => {
    const { login } = context.get('caller').actor
    return context.json({ token: await revokeToken(store, context.req.param('name'), login, doorOf(context)) })
  })
  return app
}

const doorOf = (context: Context<ApiEnv>) => doorOfClient(context.req.header(clientHeader))

const adminOnly: MiddlewareHandler<ApiEnv> = async (context, next) => {
  if (!administrates(context.get('token'))) throw new ApiProblem('not-allowed', messages.needsAdminOfAll)
  await next()
}
