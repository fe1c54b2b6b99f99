/**
 * Signing in through the app, as "Authorizing GitHub Apps" documents the web flow: the person agrees on a page, the browser
 * goes back with a code, and the code is good once, for the one who began (PKCE).
 */
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Account } from './model.ts'
import { findAccount, randomText, type World } from './world.ts'

/** A code lives ten minutes, in ms. */
const CODE_LIFE = 10 * 60_000

interface Grant {
  account: Account
  redirectUri: string
  challenge: string
  expiresAt: number
}

/** Who signs in, and the codes that were given out. */
export interface OAuth {
  /** Whoever has agreed before: the page sends the browser back at once. Undefined: it asks who it is. */
  as: string | undefined
  clientSecret: string
  codes: Map<string, Grant>
}

/** Whether someone signs in, or hands in a code. */
export function isOAuth(incoming: IncomingMessage): boolean {
  return /^\/login\/oauth\/(?:authorize|access_token)(?:\?|$)/.test(incoming.url ?? '')
}

/** Answers both. */
export async function serveOAuth(
  world: World,
  oauth: OAuth,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const url = new URL(incoming.url ?? '/', world.url)
  if (url.pathname.endsWith('/access_token')) {
    const body = exchange(world, oauth, await form(incoming))
    outgoing.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
    return
  }
  const asked = url.searchParams
  if (asked.get('client_id') !== world.app.clientId) return void outgoing.writeHead(404).end('Not Found')
  const login = asked.get('as') ?? oauth.as
  const account = login === undefined ? undefined : findAccount(world, login)
  if (account?.type !== 'User') return askWho(world, url, outgoing)
  const code = randomText(20)
  const redirectUri = asked.get('redirect_uri') ?? ''
  const challenge = asked.get('code_challenge') ?? ''
  oauth.codes.set(code, { account, redirectUri, challenge, expiresAt: world.now().getTime() + CODE_LIFE })
  const back = new URL(redirectUri)
  back.searchParams.set('code', code)
  back.searchParams.set('state', asked.get('state') ?? '')
  outgoing.writeHead(302, { location: back.href }).end()
}

/** The people that this GitHub knows, one link for each. */
function askWho(world: World, url: URL, outgoing: ServerResponse): void {
  const people = [...new Set(world.personalTokens.values())].filter(({ type }) => type === 'User')
  const links = people.map(({ login }) => {
    const to = new URL(url)
    to.searchParams.set('as', login)
    return `<p><a href="${to.pathname}${to.search.replaceAll('&', '&amp;')}">Continue as ${login}</a></p>`
  })
  outgoing.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  outgoing.end(`<!doctype html><html lang="en"><title>Authorize ${world.app.slug}</title>
<h1>Authorize ${world.app.slug}</h1>${links.join('')}</html>`)
}

/** GitHub answers 200 for its refusals too, with `error` in the body. */
function exchange(world: World, oauth: OAuth, given: URLSearchParams): Record<string, string> {
  if (given.get('client_id') !== world.app.clientId || given.get('client_secret') !== oauth.clientSecret)
    return refusal('incorrect_client_credentials', 'The client_id and/or client_secret passed are incorrect.')
  const code = given.get('code') ?? ''
  const grant = oauth.codes.get(code)
  oauth.codes.delete(code)
  const verified = createHash('sha256')
    .update(given.get('code_verifier') ?? '')
    .digest('base64url')
  if (!grant || grant.expiresAt < world.now().getTime() || (grant.challenge !== '' && grant.challenge !== verified))
    return refusal('bad_verification_code', 'The code passed is incorrect or expired.')
  if (given.get('redirect_uri') !== grant.redirectUri)
    return refusal('redirect_uri_mismatch', 'The redirect_uri MUST match the registered callback URL.')
  const token = `ghu_${randomText(36)}`
  world.personalTokens.set(token, grant.account)
  return { access_token: token, token_type: 'bearer', scope: '' }
}

function refusal(error: string, description: string): Record<string, string> {
  return { error, error_description: description }
}

async function form(incoming: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'))
}
