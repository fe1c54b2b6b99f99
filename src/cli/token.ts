/** `tutti token`: tokens for programs that use the REST API and MCP. */

import type { TokenView } from '../api/tokens.ts'
import type { Env } from '../config/env.ts'
import { clientHeader } from '../domain/doors.ts'
import { exitCodes, VerbError } from './exit-codes.ts'
import { readLocalEnv, withLocalStore } from './lib/local-store.ts'
import { defineVerb } from './verb.ts'

const actions = ['create', 'list', 'revoke'] as const

export const token = defineVerb({
  json: true,
  declare: (command) =>
    command
      .argument('<action>', 'create, list or revoke')
      .argument('[name]', 'what the token is for, such as nightly-report')
      .option('--role <role>', 'create: read, operate or admin', 'read')
      .option('--repository <owner/name...>', 'create: only for these; for all when left out')
      .option('--days <days>', 'create: how long it is valid; for ever when left out'),
  more: [
    'A token is shown once, when it is made. Send it as `Authorization: Bearer <token>`.',
    'Examples:\n  tutti token create nightly-report --role read --days 90\n  tutti token revoke nightly-report',
  ].join('\n'),
  run: async ({ args: [action, name], options, json }) => {
    const env = readLocalEnv()
    if (action === 'list') return list(await tokensOf(env), json)
    if (!actions.some((one) => one === action))
      throw new VerbError('usage', `there is no action "${action}"`, `There are: ${actions.join(', ')}.`)
    if (name === undefined)
      throw new VerbError(
        'usage',
        `${action} needs the name of the token`,
        `Example: tutti token ${action} nightly-report`,
      )
    if (action === 'revoke') {
      const revoked = await revokeOf(env, name)
      console.log(json ? JSON.stringify(revoked) : `${name} is revoked: from now on it opens nothing.`)
      return exitCodes.done
    }
    const { secret, token } = await createOf(env, requestOf(name, options))
    if (json) console.log(JSON.stringify({ secret, token }))
    else console.log(`${secret}\n\n${lineOf(token)}\nThe token is not shown again.`)
    return exitCodes.done
  },
})

type TokenRequest = Parameters<typeof import('../api/tokens.ts').makeToken>[1]

function requestOf(name: string, options: { role: string; repository?: string[]; days?: string }): TokenRequest {
  const { role, repository, days } = options
  if (role !== 'read' && role !== 'operate' && role !== 'admin')
    throw new VerbError('usage', `--role is "${role}"`, 'It must be read, operate or admin.')
  if (days !== undefined && !/^[1-9]\d{0,3}$/.test(days))
    throw new VerbError('usage', `--days is "${days}"`, 'It must be a whole number from 1 to 3650.')
  return {
    ...{ name, role },
    ...(repository ? { repositories: repository } : {}),
    ...(days === undefined ? {} : { expiresInDays: Number(days) }),
  }
}

function list(tokens: readonly TokenView[], json: boolean): number {
  if (json) console.log(JSON.stringify(tokens))
  else console.log(tokens.map(lineOf).join('\n') || 'There is no token yet. Make one: tutti token create <name>')
  return exitCodes.done
}

function lineOf({ name, role, repositories, expiresAt, revokedAt, lastUsedAt }: TokenView): string {
  const state = revokedAt ? 'revoked' : expiresAt && new Date(expiresAt) <= new Date() ? 'expired' : 'valid'
  const until = expiresAt && state === 'valid' ? ` until ${expiresAt.slice(0, 10)}` : ''
  const used = lastUsedAt ? `last used ${lastUsedAt.slice(0, 10)}` : 'never used'
  return `${name.padEnd(20)} ${role.padEnd(8)} ${state}${until}, ${used}, ${repositories?.join(' ') ?? 'all repositories'}`
}

/** The running Tutti of this data directory, where it has the embedded database for itself. */
async function runningOf(env: Env) {
  if (env.DATABASE_URL) return undefined
  const { readOperatorFile } = await import('../api/operator-file.ts')
  const access = readOperatorFile(env.dataDirectory)
  if (!access) return undefined
  const alive = await fetch(`${access.url}/healthz`, { signal: AbortSignal.timeout(3_000) }).catch(() => undefined)
  return alive && access
}

/** One call of the running Tutti. */
async function call<T>(
  access: { url: string; token: string },
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const response = await fetch(`${access.url}/api/tokens${path}`, {
    method,
    headers: { authorization: `Bearer ${access.token}`, 'content-type': 'application/json', [clientHeader]: 'cli' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(10_000),
  })
  const answer = (await response.json().catch(() => ({}))) as { title?: string; detail?: string }
  if (!response.ok) throw new VerbError('refused', answer.detail ?? answer.title ?? `Tutti answered ${response.status}`)
  return answer as T
}

async function tokensOf(env: Env): Promise<TokenView[]> {
  const running = await runningOf(env)
  if (running) return (await call<{ tokens: TokenView[] }>(running, 'GET', '')).tokens
  const { shownTokens } = await import('../api/tokens.ts')
  return withLocalStore(env, ({ db }) => shownTokens(db))
}

async function createOf(env: Env, request: TokenRequest): Promise<{ secret: string; token: TokenView }> {
  const running = await runningOf(env)
  if (running) return call(running, 'POST', '', request)
  const { makeToken } = await import('../api/tokens.ts')
  return refusals(() => withLocalStore(env, (store) => makeToken(store, request, 'operator', 'cli')))
}

async function revokeOf(env: Env, name: string): Promise<TokenView> {
  const running = await runningOf(env)
  if (running) return (await call<{ token: TokenView }>(running, 'DELETE', `/${encodeURIComponent(name)}`)).token
  const { revokeToken } = await import('../api/tokens.ts')
  return refusals(() => withLocalStore(env, (store) => revokeToken(store, name, 'operator', 'cli')))
}

/** What is said to people on GitHub, for whoever typed the verb. */
async function refusals<T>(work: () => Promise<T>): Promise<T> {
  const { UserError } = await import('../lib/errors.ts')
  try {
    return await work()
  } catch (error) {
    throw error instanceof UserError ? new VerbError('refused', error.message, error.hint) : error
  }
}
