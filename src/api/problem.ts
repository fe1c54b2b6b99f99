/** Every error of the API as a problem (RFC 9457): what is wrong, what to do, and a word that programs can rely on. */

import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { z } from 'zod'
import { comesFromLostConnection } from '../db/away.ts'
import { currentMs } from '../lib/clock.ts'
import {
  findRetryAfter,
  InvalidArguments,
  KeyReused,
  NoSuchThing,
  NotAllowed,
  TokenExists,
  UserError,
} from '../lib/errors.ts'
import * as messages from '../messages/api.ts'

/** The kinds of problem, each with its status. */
const statuses = {
  'invalid-arguments': 400,
  'malformed-body': 400,
  'not-authenticated': 401,
  'not-allowed': 403,
  'foreign-request': 403,
  'not-found': 404,
  'method-not-allowed': 405,
  'key-reused': 409,
  'name-taken': 409,
  'too-large': 413,
  'not-json': 415,
  refused: 422,
  'too-many-failures': 429,
  'internal-error': 500,
  unavailable: 503,
} as const
export type ProblemKind = keyof typeof statuses

/** The body of every answer that is an error. */
export const problemView = z.object({
  type: z.string().describe('`urn:tutti:problem:` and the kind'),
  title: z.string(),
  status: z.number().int(),
  detail: z.string().describe('What is wrong with this request; markdown'),
  hint: z.string().optional().describe('The next step; markdown'),
  reason: z.string().optional().describe('For a refused command: the name of the error, such as `NoAvailableWork`'),
  requestId: z.string().describe('As in the header `X-Request-Id` and in the log'),
})

/** A request that cannot be served. */
export class ApiProblem extends Error {
  override name = 'ApiProblem'
  readonly kind: ProblemKind
  readonly hint: string | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly reason: string | undefined

  constructor(
    kind: ProblemKind,
    [detail, hint]: readonly [string, string?],
    more: { headers?: Record<string, string>; reason?: string | undefined; cause?: unknown } = {},
  ) {
    super(detail, { cause: more.cause })
    this.kind = kind
    this.hint = hint
    this.headers = more.headers ?? {}
    this.reason = more.reason
  }
}

/** The status of a kind of problem. */
export const statusOfProblem = (kind: ProblemKind): number => statuses[kind]

/** What an error means to a program. What it does not understand is an internal error, whose words stay in the log. */
export function apiProblemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof UserError) return new ApiProblem(kindOf(error), [error.message, error.hint], { cause: error })
  if (error instanceof HTTPException && error.status === 413) return tooLarge()
  const pause = findRetryAfter(error)
  if (pause) {
    const seconds = Math.max(1, Math.ceil((pause.until.getTime() - currentMs()) / 1_000))
    return new ApiProblem('unavailable', messages.githubAsksForPause, { headers: { 'Retry-After': String(seconds) } })
  }
  if (comesFromLostConnection(error))
    return new ApiProblem('unavailable', messages.databaseAway, { headers: { 'Retry-After': '5' }, cause: error })
  return new ApiProblem('internal-error', messages.internalError, { cause: error })
}

function kindOf(error: UserError): ProblemKind {
  if (error instanceof InvalidArguments) return 'invalid-arguments'
  if (error instanceof NoSuchThing || error.name === 'AgentNotFound') return 'not-found'
  if (error instanceof NotAllowed) return 'not-allowed'
  if (error instanceof KeyReused) return 'key-reused'
  if (error instanceof TokenExists) return 'name-taken'
  return 'refused'
}

/** @returns the problem of a body past the limit. */
export const tooLarge = () => new ApiProblem('too-large', messages.bodyTooLarge)

/** The answer. */
export function problemAnswer(context: Context, problem: ApiProblem): Response {
  const { kind, message, hint, reason, headers } = problem
  const requestId = String(context.get('requestId') ?? '')
  const body: z.infer<typeof problemView> = {
    type: `urn:tutti:problem:${kind}`,
    title: messages.problemTitles[kind],
    status: statuses[kind],
    detail: message,
    ...(hint === undefined ? {} : { hint }),
    ...(reason === undefined ? {} : { reason }),
    requestId,
  }
  return new Response(JSON.stringify(body), {
    status: statuses[kind],
    headers: { ...headers, 'Content-Type': 'application/problem+json', 'X-Request-Id': requestId },
  })
}
