/** The API under `/api`: guards, routes, the document that describes them, and its reference. */

import { Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { CallServices } from '../commands/lib/give-command.ts'
import type { Env } from '../config/env.ts'
import { tuttiVersion } from '../lib/version.ts'
import * as messages from '../messages/api.ts'
import { commandRoutes, routeOf } from './command-routes.ts'
import type { EventHub } from './event-hub.ts'
import { eventOperation, eventRoutes } from './event-routes.ts'
import { type ApiEnv, authenticated, problemHandler, refuseForeign, withRequestId } from './guard.ts'
import { type Operation, openApiDocument } from './openapi.ts'
import { ApiProblem, tooLarge } from './problem.ts'
import { referencePages } from './reference.ts'
import { inOrder } from './route-order.ts'
import { tokenOperations, tokenRoutes } from './token-routes.ts'

/** What it works with. */
export interface RestServices extends CallServices {
  env: Pick<Env, 'HOST' | 'PUBLIC_URL'>
  /** Hands out events. */
  events: EventHub
}

/** Bytes of one body. */
const mostBytes = 1_000_000
const otherOperations: readonly Operation[] = [eventOperation, ...tokenOperations]

/** The routes under `/api`. Every answer that is an error is a problem, also where there is no route. */
export function restApp(services: RestServices): Hono {
  const api = new Hono<ApiEnv>()
  api.onError(problemHandler(services.log))
  api.use('/api/*', withRequestId(), refuseForeign(services.env))
  api.route('/', referencePages(openApiDocument(services.commands.values(), otherOperations, tuttiVersion())))
  api.use('/api/*', authenticated(services.store), bodyLimit({ maxSize: mostBytes, onError: refuseBody }))
  api.route('/', commandRoutes(services))
  api.route('/', tokenRoutes(services.store))
  api.route('/', eventRoutes(services.store, services.events))
  api.route('/', wrongMethods(services))
  api.all('/api/*', ({ req }) => {
    throw new ApiProblem('not-found', messages.nothingHere(req.path))
  })
  return new Hono().route('/', api)
}

function refuseBody(): never {
  throw tooLarge()
}

/** The paths that exist, for all other methods. */
function wrongMethods({ commands }: RestServices): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const routes = [...[...commands.values()].map(routeOf), ...otherOperations]
  const byPath = Map.groupBy(routes, ({ path }) => path)
  for (const [path, some] of inOrder([...byPath], ([path]) => path)) {
    const allowed = [...new Set(some.map(({ method }) => method))]
    app.all(path, ({ req }) => {
      throw new ApiProblem('method-not-allowed', messages.methodNotAllowed(req.method, allowed), {
        headers: { Allow: allowed.join(', ') },
      })
    })
  }
  return app
}
