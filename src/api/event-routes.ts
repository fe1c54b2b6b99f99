/** What happens, as a stream (server-sent events) or as pages: `GET /api/events`. */

import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { Caller } from '../commands/lib/give-command.ts'
import { tokenByName } from '../db/api-tokens.ts'
import type { Store } from '../db/connect.ts'
import { servedRepositories } from '../db/repositories.ts'
import { permits } from '../domain/permissions.ts'
import * as messages from '../messages/api.ts'
import { type EventView, eventView, listEvents } from '../views/events.ts'
import { fromQuery, nextLink } from './command-routes.ts'
import type { EventHub } from './event-hub.ts'
import { eventStream, eventStreamHeaders } from './event-stream.ts'
import type { ApiEnv } from './guard.ts'
import type { Operation } from './openapi.ts'
import { ApiProblem } from './problem.ts'
import { isValid } from './tokens.ts'

const cursor = z.coerce.number().int().min(0).optional()
const eventQuery = z.strictObject({
  repository: z.string().max(200).optional().describe('Only of this one, as owner/name'),
  issue: z.coerce.number().int().min(1).optional().describe('Only about this issue'),
  after: cursor.describe('Only what came after this id, the oldest first; as `Last-Event-ID` in a stream'),
  before: cursor.describe('Only what came before this id, the newest first; not in a stream'),
  limit: z.coerce.number().int().min(1).max(500).optional().describe('At most so many; 100; not in a stream'),
})
const eventPage = z.object({ events: z.array(eventView), next: z.number().int().nullable() })

/** What it is in the document. */
export const eventOperation: Operation = {
  ...{ id: 'list-events', method: 'GET', path: '/api/events', tag: 'events', stream: 'text/event-stream' },
  summary: 'What happens in all repositories that the token sees; a stream with Accept: text/event-stream',
  parameters: eventQuery,
  result: eventPage,
}

/** The route. */
export function eventRoutes(store: Pick<Store, 'db'>, hub: EventHub): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  app.get('/api/events', async (context) => {
    const parsed = eventQuery.safeParse(fromQuery(context.req.queries(), eventQuery))
    if (!parsed.success)
      throw new ApiProblem('invalid-arguments', messages.eventsDoNotFit(z.prettifyError(parsed.error)))
    const streams = context.req.header('Accept')?.includes('text/event-stream')
    return streams ? stream(context, { store, hub }, parsed.data) : page(context, store, parsed.data)
  })
  return app
}

type EventQuery = z.infer<typeof eventQuery>

async function page(context: Context<ApiEnv>, { db }: Pick<Store, 'db'>, query: EventQuery): Promise<Response> {
  const { repository, issue, limit = 100, after, before } = query
  const ids = await seenBy(db, context.get('caller'), repository)
  const events = await listEvents(db, ids, { after, before, limit, ...(issue === undefined ? {} : { issue }) })
  const next = events.length < limit ? null : (events.at(-1)?.id ?? null)
  if (next !== null) context.header('Link', nextLink(context, next))
  return context.json({ events, next })
}

async function stream(
  context: Context<ApiEnv>,
  { store, hub }: { store: Pick<Store, 'db'>; hub: EventHub },
  { repository, issue, after }: EventQuery,
): Promise<Response> {
  const [caller, token] = [context.get('caller'), context.get('token')]
  const heard = context.req.header('Last-Event-ID')
  const body = eventStream(({ write, ...connection }) =>
    hub.join({
      ...connection,
      send: (event) => write(bytesOf(event)),
      after: heard !== undefined && /^\d{1,15}$/.test(heard) ? Number(heard) : after,
      wants: (event) => issue === undefined || event.issue === issue,
      sees: async () => {
        const now = await tokenByName(store.db, token.name)
        return now && now.hash === token.hash && isValid(now) ? seenBy(store.db, caller, repository) : undefined
      },
    }),
  )
  return context.body(body, 200, eventStreamHeaders)
}

const encoder = new TextEncoder()

/** An event is written once for all who get it. */
let lastText: { event: EventView; bytes: Uint8Array } | undefined
function bytesOf(event: EventView): Uint8Array {
  if (lastText?.event !== event)
    lastText = { event, bytes: encoder.encode(`id: ${event.id}\ndata: ${JSON.stringify(event)}\n\n`) }
  return lastText.bytes
}

/** The repositories that a caller sees now; only one of them where it names it. */
async function seenBy(db: Store['db'], caller: Caller, name: string | undefined): Promise<number[]> {
  const ids: number[] = []
  for (const repo of await servedRepositories(db)) {
    if (name !== undefined && repo.fullName.toLowerCase() !== name.toLowerCase()) continue
    if (permits(await caller.permissionIn(repo), 'read')) ids.push(repo.id)
  }
  return ids
}
