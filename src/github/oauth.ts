/**
 * Signing in with GitHub through the app: the web flow with PKCE. The person's token is used once, to ask who they are, and
 * then forgotten.
 */

import { createHash } from 'node:crypto'
import { Octokit } from '@octokit/rest'
import { z } from 'zod'
import type { Env } from '../config/env.ts'
import type { Actor } from '../domain/github.ts'
import { UserError } from '../lib/errors.ts'

/** The app as GitHub's sign-in knows it. */
export interface OAuthApp {
  clientId: string
  clientSecret: string
}

/** What the operator has set; undefined without both. */
export function oauthAppOf(env: Pick<Env, 'GITHUB_CLIENT_ID' | 'GITHUB_CLIENT_SECRET'>): OAuthApp | undefined {
  const { GITHUB_CLIENT_ID: clientId, GITHUB_CLIENT_SECRET: clientSecret } = env
  return clientId && clientSecret ? { clientId, clientSecret } : undefined
}

/** The web address of the GitHub whose API is at an address: `https://github.com`, or the Enterprise Server. */
export function webAddressOf(apiUrl: string): string {
  const url = new URL(apiUrl)
  if (url.hostname === 'api.github.com') return 'https://github.com'
  // GitHub Enterprise Cloud with data residency has its API at api.<name>.ghe.com.
  if (/^api\..+\.ghe\.com$/.test(url.hostname)) return `https://${url.hostname.slice('api.'.length)}`
  return url.origin
}

/** Where the browser is sent. @param verifier the secret of this sign-in; only its digest goes there. */
export function authorizeUrl(
  apiUrl: string,
  { clientId }: OAuthApp,
  asked: { redirectUri: string; state: string; verifier: string },
): string {
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: asked.redirectUri,
    state: asked.state,
    code_challenge: createHash('sha256').update(asked.verifier).digest('base64url'),
    code_challenge_method: 'S256',
  })
  return `${webAddressOf(apiUrl)}/login/oauth/authorize?${query}`
}

const tokenAnswer = z.object({
  access_token: z.string().optional(),
  error: z.string().optional(),
  error_description: z.string().optional(),
})

const timeoutMs = 15_000

/**
 * Who came back with a code.
 * @throws {UserError} when GitHub refuses the code or does not answer; it says what to do.
 */
export async function whoSignedIn(
  apiUrl: string,
  { clientId, clientSecret }: OAuthApp,
  given: { code: string; redirectUri: string; verifier: string },
): Promise<Actor> {
  const body = new URLSearchParams({
    ...{ client_id: clientId, client_secret: clientSecret, code: given.code },
    ...{ redirect_uri: given.redirectUri, code_verifier: given.verifier },
  })
  const signal = AbortSignal.timeout(timeoutMs)
  const answer = await fetch(`${webAddressOf(apiUrl)}/login/oauth/access_token`, {
    ...{ method: 'POST', headers: { accept: 'application/json' }, body, signal },
  }).catch(() => {
    throw new UserError('GitHub did not answer.', 'Sign in again in a moment.')
  })
  const parsed = tokenAnswer.safeParse(await answer.json().catch(() => undefined))
  const token = parsed.success ? parsed.data.access_token : undefined
  if (!token) {
    const why = parsed.data?.error_description ?? parsed.data?.error ?? `its answer was ${answer.status}`
    throw new UserError(
      `GitHub has refused the sign-in: ${why}`,
      'Sign in again; a code is good once, for ten minutes.',
    )
  }
  const octokit = new Octokit({ baseUrl: apiUrl, auth: token, request: { signal } })
  const { data } = await octokit.rest.users.getAuthenticated()
  return { id: data.id, login: data.login, type: 'User' }
}
