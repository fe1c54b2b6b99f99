/** Gives commands to a running Tutti through its REST API. */

import { randomUUID } from 'node:crypto'
import type { Command } from '../../commands/command.ts'
import { clientHeader } from '../../domain/doors.ts'
import { cleanText } from '../../lib/sanitise-text.ts'
import { VerbError } from '../exit-codes.ts'
import type { ServerAccess } from './access.ts'

/** What a command is about, and its arguments. */
export interface GivenCommand {
  command: Pick<Command, 'name' | 'route'>
  args: Record<string, unknown>
  repository?: string | undefined
  on?: number | undefined
}

/** What the server has answered: a text for people, and data. */
export type Answered = { text: string } & Record<string, unknown>

/** A command may wait some seconds for what follows from it. */
const patienceMs = 30_000

/**
 * Gives a command.
 * @throws {VerbError} `unreachable`, `refused` or `usage`, with the server's own words and what to do next.
 */
export async function giveByRest({ url, token }: ServerAccess, given: GivenCommand): Promise<Answered> {
  const { method, path, body } = requestFor(given)
  const response = await ask(new URL(path, url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/json',
      [clientHeader]: 'cli',
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
    },
    body: body ?? null,
    signal: AbortSignal.timeout(patienceMs),
  })
  const answer = await readJson(response)
  if (response.ok && typeof answer?.text === 'string') return answer as Answered
  throw refusal(response, answer, { url, name: given.command.name })
}

function requestFor({ command: { name, route }, args, repository, on }: GivenCommand) {
  const { method, path } = route ?? { method: 'POST', path: `/commands/${name}` }
  const rest: Record<string, unknown> = { ...args, repository, on }
  const filled = path.replace(/:([A-Za-z]+)/g, (_, key: string) => {
    const value = rest[key]
    delete rest[key]
    // An argument that is missing is the server's to refuse: its sentence names the argument.
    return encodeURIComponent(String(value ?? '-'))
  })
  const values = Object.entries(rest).filter(([, value]) => value !== undefined)
  if (method !== 'GET' && method !== 'DELETE')
    return { method, path: `/api${filled}`, body: JSON.stringify(Object.fromEntries(values)) }
  const query = new URLSearchParams(
    values.flatMap(([key, value]) => [value].flat().map((one): [string, string] => [key, String(one)])),
  )
  return { method, path: `/api${filled}${query.size > 0 ? `?${query}` : ''}`, body: undefined }
}

async function ask(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'error' })
  } catch (error) {
    const late = error instanceof Error && error.name === 'TimeoutError'
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const code = (cause as NodeJS.ErrnoException).code ?? (cause instanceof Error ? cause.message : String(cause))
    throw new VerbError(
      'unreachable',
      late
        ? `${url.origin} has not answered for ${patienceMs / 1_000} s`
        : `no Tutti answers at ${url.origin} (${code})`,
      'Is it running? `tutti serve` starts it; --url or TUTTI_URL name another one.',
    )
  }
}

async function readJson(response: Response): Promise<Record<string, unknown> | undefined> {
  const text = await response.text()
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function refusal(
  { status }: Response,
  answer: Record<string, unknown> | undefined,
  { url, name }: { url: string; name: string },
): VerbError {
  const [detail, hint] = [answer?.detail, answer?.hint].map((text) =>
    typeof text === 'string' ? plain(text) : undefined,
  )
  if (status === 401 || status === 429)
    return new VerbError('unreachable', detail ?? `the token for ${url} is not valid`, hint)
  if (detail === undefined || status === 405 || detail.startsWith('Nothing is at')) {
    return new VerbError(
      'failed',
      `what answers at ${url} does not know "${name}" (status ${status})`,
      'It is no Tutti, one that is still starting, or one of another version: `tutti --version` says yours.',
    )
  }
  if (status === 400) return new VerbError('usage', detail, hint)
  return new VerbError([403, 404, 409, 422].includes(status) ? 'refused' : 'failed', detail, hint)
}

/** Markdown of a reply for a terminal. */
export function plain(text: string): string {
  return cleanText(text)
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/\*\*([^*\n]+)\*\*/g, '$1')
    .replace(/<\/?(?:details|summary|sub|br|p)[^>\n]*>/g, '')
    .replace(/&lt;/g, '<')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
}
