/** Signing in and out. */

import { randomBytes } from 'node:crypto'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { addSession, endSession } from '../db/dashboard-sessions.ts'
import { authorizeUrl, oauthAppOf, webAddressOf, whoSignedIn } from '../github/oauth.ts'
import { currentMs } from '../lib/clock.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/dashboard.ts'
import { alone } from './frame.ts'
import { type Html, html } from './html.ts'
import { sentence } from './markdown.ts'
import type { DashboardGround } from './services.ts'
import { cookieName, cookieOptions, originOf } from './visitor.ts'

/** A session ends after a week, in seconds; who the person is must be proved again then. */
const sessionSeconds = 7 * 24 * 3_600
/** Agreeing on GitHub takes no longer, in seconds. */
const signInSeconds = 600
const callbackPath = '/login/callback'

/** The page with the one button. */
export function signInPage(context: Context, { env }: DashboardGround): Html {
  const to = safePath(context.req.query('to'))
  if (!oauthAppOf(env)) return notConfigured(context, env)
  // Cookies are for the public address: whoever has come by another one goes on there.
  const begin = `${env.PUBLIC_URL === undefined ? '' : originOf(context, env)}/login/github`
  return alone(
    'Sign in',
    html`<h1>${messages.welcome[0]}</h1>
<p class="muted">${messages.welcome[1]}</p>
<a class="button primary" href="${begin}?${String(new URLSearchParams({ to }))}">${messages.signInButton}</a>`,
  )
}

function notConfigured(context: Context, env: DashboardGround['env']): Html {
  const steps = messages.signInSteps(webAddressOf(env.apiUrl), `${originOf(context, env)}${callbackPath}`)
  return alone(
    messages.signInMissingTitle,
    html`<h1>${messages.signInMissing[0]}</h1>
<p>${messages.signInMissing[1]}</p>
<div class="prose"><ol>${steps.map((step) => html`<li>${sentence(step)}</li>`)}</ol></div>`,
  )
}

/** Sends the browser to GitHub. */
export function beginSignIn(context: Context, { env }: DashboardGround): Response {
  const app = oauthAppOf(env)
  if (!app) return context.redirect('/login', 303)
  const [state, verifier] = [randomSecret(), randomSecret()]
  const kept = [state, verifier, safePath(context.req.query('to'))].map(encodeURIComponent).join(' ')
  setCookie(context, cookieName(context, env, 'sign-in'), kept, cookieOptions(context, env, signInSeconds))
  const redirectUri = `${originOf(context, env)}${callbackPath}`
  return context.redirect(authorizeUrl(env.apiUrl, app, { redirectUri, state, verifier }), 303)
}

/** Takes the code that GitHub sends back, and begins a session. */
export async function finishSignIn(context: Context, { env, store, log }: DashboardGround): Promise<Response | Html> {
  const app = oauthAppOf(env)
  const cookie = getCookie(context, cookieName(context, env, 'sign-in')) ?? ''
  const [state = '', verifier = '', to = '/'] = cookie.split(' ').map(decodeURIComponent)
  deleteCookie(context, cookieName(context, env, 'sign-in'), cookieOptions(context, env, 0))
  const { code, state: given, error } = context.req.query()
  if (!app) return context.redirect('/login', 303)
  if (state === '' || given !== state || !code)
    return failed(error ? messages.sentBackByGitHub : messages.signInNotBegunHere)
  try {
    const redirectUri = `${originOf(context, env)}${callbackPath}`
    const actor = await whoSignedIn(env.apiUrl, app, { code, redirectUri, verifier })
    const secret = randomSecret()
    const expiresAt = new Date(currentMs() + sessionSeconds * 1_000)
    await addSession(store.db, secret, { userId: actor.id, login: actor.login, expiresAt })
    setCookie(context, cookieName(context, env, 'session'), secret, cookieOptions(context, env, sessionSeconds))
    log.info({ login: actor.login }, 'signed in to the dashboard')
    return context.redirect(safePath(to), 303)
  } catch (err) {
    if (!(err instanceof UserError)) log.warn({ err }, 'a sign-in has failed')
    return failed(err instanceof UserError ? err.toMarkdown() : messages.oddAnswerOfGitHub)
  }
}

/** Ends the session of this browser. */
export async function signOut(context: Context, { env, store }: DashboardGround): Promise<Response> {
  const name = cookieName(context, env, 'session')
  const secret = getCookie(context, name)
  if (secret) await endSession(store.db, secret)
  deleteCookie(context, name, cookieOptions(context, env, 0))
  return context.redirect('/login', 303)
}

function failed(why: string): Html {
  return alone(
    'Not signed in',
    html`<h1>${messages.notSignedIn}</h1><p>${why}</p><a class="button primary" href="/login/github">Try again</a>`,
  )
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** A path of ours, and no other address: whoever sends somebody a link must not send them on from here. */
export function safePath(to: string | undefined): string {
  return to && /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? to : '/'
}
