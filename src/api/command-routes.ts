/** Every command as an operation of the API: its own route, or `POST /api/commands/<name>`. */

import { type Context, Hono } from 'hono'
import { z } from 'zod'
import type { Command, Route } from '../commands/command.ts'
import { type CallServices, giveCommand } from '../commands/lib/give-command.ts'
import { clientHeader, doorOfClient } from '../domain/doors.ts'
import * as messages from '../messages/api.ts'
import type { ApiEnv } from './guard.ts'
import { ApiProblem } from './problem.ts'
import { inOrder } from './route-order.ts'

/** What every command may be given besides its own arguments. */
export const commonParameters = z.object({
  repository: z.string().min(1).max(200).optional().describe('owner/name; may be left out where there is only one'),
  systemId: z.string().min(1).max(200).optional().describe('The same as `repository`'),
  on: z.coerce.number().int().min(1).optional().describe('The number of the issue or pull request that it is about'),
})
type CommonName = keyof typeof commonParameters.shape
const commonNames = Object.keys(commonParameters.shape) as CommonName[]

/** Where a command is found: method and path, with `/api`. */
export function routeOf({ route, name }: Pick<Command, 'route' | 'name'>): Route {
  return route ? { ...route, path: `/api${route.path}` } : { method: 'POST', path: `/api/commands/${name}` }
}

/** Whether the arguments come in path and query alone. */
export const hasNoBody = (method: string) => method === 'GET' || method === 'DELETE'

/** The routes of all commands. */
export function commandRoutes(services: CallServices): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  const commands = inOrder([...services.commands.values()], (command) => routeOf(command).path)
  for (const command of commands) {
    const { method, path } = routeOf(command)
    app.on(method, path, async (context) => answer(context, services, command))
  }
  return app
}

async function answer(context: Context<ApiEnv>, services: CallServices, command: Command): Promise<Response> {
  const { method } = routeOf(command)
  const { args, repository, on } = await argumentsOf(context, command)
  const key = hasNoBody(method) ? undefined : context.req.header('Idempotency-Key')
  const caller = context.get('caller')
  const door = doorOfClient(context.req.header(clientHeader))
  const reply = await giveCommand(services, { command, args, repository, on, caller, door, key })
  if (reply.outcome === 'refused') {
    const kind = reply.problem === 'AgentNotFound' ? 'not-found' : 'refused'
    throw new ApiProblem(kind, [reply.text], { reason: reply.problem })
  }
  if (wantsText(context)) return context.text(reply.text)
  const next = reply.data?.next
  if (method === 'GET' && typeof next === 'number') context.header('Link', nextLink(context, next))
  return context.json({ text: reply.text, ...reply.data })
}

/** Whether a person or a shell reads the answer. */
function wantsText(context: Context): boolean {
  const accept = context.req.header('Accept') ?? ''
  return /^text\/(?:plain|markdown)\b/.test(accept)
}

/** The address of the page that follows: the same request with another cursor. */
export function nextLink(context: Context, next: number): string {
  const url = new URL(context.req.url)
  const cursor = url.searchParams.has('after') ? 'after' : 'before'
  url.searchParams.set(cursor, String(next))
  return `<${url.pathname}${url.search}>; rel="next"`
}

async function argumentsOf(context: Context, command: Command) {
  const { method } = routeOf(command)
  const given: Record<string, unknown> = {
    ...fromQuery(context.req.queries(), command.args),
    ...(hasNoBody(method) ? {} : await jsonBody(context)),
    ...context.req.param(),
  }
  const isCommon = (name: string) => commonNames.includes(name as CommonName) && !(name in command.args.shape)
  const entries = Object.entries(given)
  const common = commonParameters.safeParse(Object.fromEntries(entries.filter(([name]) => isCommon(name))))
  if (!common.success)
    throw new ApiProblem('invalid-arguments', messages.commonDoesNotFit(z.prettifyError(common.error)))
  const { repository, systemId, on } = common.data
  return {
    args: Object.fromEntries(entries.filter(([name]) => !isCommon(name))),
    repository: repository ?? systemId,
    on,
  }
}

/** The query in the types of the arguments. What does not fit stays text, and the command refuses it. */
export function fromQuery(query: Record<string, string[]>, shape: z.ZodObject): Record<string, unknown> {
  const { properties = {} } = z.toJSONSchema(shape, { io: 'input' })
  return Object.fromEntries(
    Object.entries(query).map(([name, values]) => {
      const property = properties[name]
      const type = typeof property === 'object' ? property.type : undefined
      if (type === 'array') return [name, values]
      return [name, values.length === 1 ? typed(values[0] ?? '', type) : values]
    }),
  )
}

function typed(value: string, type: unknown): unknown {
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  if ((type === 'integer' || type === 'number') && /^-?\d+(?:\.\d+)?$/.test(value)) return Number(value)
  return value
}

/**
 * The body as an object; an empty one has no arguments.
 * @throws {ApiProblem} when it is no JSON object.
 */
export async function jsonBody(context: Context): Promise<Record<string, unknown>> {
  const text = await context.req.text()
  if (text === '') return {}
  const type = context.req.header('Content-Type') ?? ''
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) throw new ApiProblem('not-json', messages.bodyNotJson(type))
  const body = parsed(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiProblem('malformed-body', messages.malformedBody)
  return body as Record<string, unknown>
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
