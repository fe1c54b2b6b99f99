/**
 * First start without credentials: a page that registers the app from `app.yml` and writes `.env`. Whoever reaches it could
 * make this machine work for an app of theirs, so it takes a key that only the console shows, and is gone once it was used.
 */

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, chmodSync, constants, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Octokit } from '@octokit/rest'
import type { Logger } from 'pino'
import { parse } from 'yaml'
import { type Env, setVariable } from '../config/env.ts'
import { OperatorError } from '../lib/errors.ts'
import { reachedAddress } from '../lib/reached-address.ts'
import { registrationFailed, setupPage } from '../messages/setup-page.ts'

/** Where GitHub sends the browser after the registration; Probot's manifests have it too. */
const backPath = '/probot/setup'

/**
 * Serves the set-up page until the app is registered.
 * @param signal ends it before that.
 * @returns whether the app is registered: then its credentials are in `.env` and in the environment of this process.
 * @throws {OperatorError} when the port is in use, or `.env` cannot be written.
 */
export async function showSetup(env: Env, log: Logger, signal: AbortSignal): Promise<boolean> {
  assertWritable('.env')
  const registered = Promise.withResolvers<boolean>()
  const secrets = { key: secret(), state: secret() }
  const server = createServer((req, res) => {
    void answer({ env, log, secrets, registered: () => registered.resolve(true) }, req, res)
  })
  await listen(server, env)
  signal.addEventListener('abort', () => registered.resolve(false))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : env.PORT
  log.info(
    `Not set up yet. Open http://${env.HOST}:${port}/?key=${secrets.key} in a browser to register the app; behind a tunnel or a proxy, the same path at its address`,
  )
  const result = await registered.promise
  server.closeIdleConnections()
  server.close()
  setTimeout(() => server.closeAllConnections(), 1_000).unref()
  await once(server, 'close')
  return result
}

interface Setup {
  env: Env
  log: Logger
  /** `key` opens the page; `state` goes to GitHub and comes back, so that no other code is taken. */
  secrets: { key: string; state: string }
  registered: () => void
}

async function answer(setup: Setup, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { env, log, secrets } = setup
  const url = new URL(req.url ?? '/', 'http://localhost')
  const has = (name: 'key' | 'state') => isSame(url.searchParams.get(name) ?? '', secrets[name])
  if (req.method === 'GET' && url.pathname === '/' && has('key')) {
    const action = `${gitHubUrl(env)}/settings/apps/new?state=${secrets.state}`
    return send(res, 200, setupPage({ action, manifest: manifestFor(baseUrlOf(req, env), env) }))
  }
  const code = url.searchParams.get('code') ?? ''
  if (req.method !== 'GET' || url.pathname !== backPath || code === '' || !has('state')) {
    return send(res, 404, 'Nothing is here.\n', { 'content-type': 'text/plain; charset=utf-8' })
  }
  try {
    const { address, variables } = await convert(code, env)
    writeDotEnv(variables)
    for (const [name, value] of Object.entries(variables)) setVariable(name, value)
    // From here on the page is gone, whatever else comes.
    secrets.key = secret()
    secrets.state = secret()
    log.info('The app is registered and .env is written. Install the app on a repository; Tutti goes on to serve.')
    send(res, 302, '', { location: `${address}/installations/new` })
    setup.registered()
  } catch (error) {
    log.error({ err: error }, 'the app could not be registered')
    send(res, 502, registrationFailed(error instanceof Error ? error.message : String(error)))
  }
}

/** The credentials of the app that GitHub has made of the manifest. A code is good once. */
async function convert(code: string, env: Env) {
  const octokit = new Octokit({ baseUrl: env.apiUrl })
  const { data } = await octokit.rest.apps.createFromManifest({ code })
  const { id, pem, webhook_secret: webhookSecret } = data
  if (!webhookSecret) throw new Error('GitHub made an app without a webhook secret')
  const oauth = { GITHUB_CLIENT_ID: data.client_id, GITHUB_CLIENT_SECRET: data.client_secret }
  return {
    address: data.html_url,
    variables: { APP_ID: String(id), PRIVATE_KEY: pem, WEBHOOK_SECRET: webhookSecret, ...oauth },
  }
}

/** GitHub refuses a manifest without the address that webhooks go to. */
function manifestFor(baseUrl: string, { source }: Env): string {
  const app: unknown = parse(readFileSync('app.yml', 'utf8'))
  const url = source.WEBHOOK_PROXY_URL || `${baseUrl}/`
  return JSON.stringify({
    hook_attributes: { url },
    redirect_url: `${baseUrl}${backPath}`,
    // Where people come back to who sign in to the dashboard.
    callback_urls: [`${baseUrl}/login/callback`],
    ...(app as object),
  })
}

function gitHubUrl({ source, GHE_HOST: host, GHE_PROTOCOL: protocol }: Env): string {
  const organisation = source.GH_ORG ? `/organizations/${encodeURIComponent(source.GH_ORG)}` : ''
  return `${host ? `${protocol}://${host}` : 'https://github.com'}${organisation}`
}

/** As the browser sees us: it may come through a tunnel or a proxy. */
function baseUrlOf({ headers, socket }: IncomingMessage, { PUBLIC_URL }: Env): string {
  return reachedAddress({
    publicUrl: PUBLIC_URL,
    peer: socket.remoteAddress ?? '',
    header: (name) => [headers[name]].flat()[0],
  })
}

function send(res: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  res
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      // The address holds the key: it must not be kept, nor go to GitHub with the form.
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
      connection: 'close',
      ...headers,
    })
    .end(body)
}

function secret(): string {
  return randomBytes(24).toString('base64url')
}

function isSame(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}

async function listen(server: Server, { HOST: host, PORT: port }: Env): Promise<void> {
  try {
    await once(server.listen(port, host), 'listening')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? `port ${port} is in use by another program` : message
    throw new OperatorError(`the set-up page cannot be shown: ${why}`, 'Check HOST and PORT.', { cause })
  }
}

/** A key that GitHub hands out once must not be lost for want of a place. */
function assertWritable(file: string): void {
  try {
    accessSync(existsSync(file) ? file : '.', constants.W_OK)
  } catch (cause) {
    throw new OperatorError(`${file} cannot be written`, 'Start Tutti in a directory where it may write it.', { cause })
  }
}

/** Replaces or adds variables in `.env`. Only its owner may read it: it holds the app's private key. */
function writeDotEnv(values: Readonly<Record<string, string>>): void {
  const file = '.env'
  const known = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const kept = Object.keys(values).reduce((text, name) => text.replace(assignment(name), ''), known)
  const added = Object.entries(values).map(([name, value]) => `${name}=${quoted(value)}\n`)
  writeFileSync(file, `${kept}${kept && !kept.endsWith('\n') ? '\n' : ''}${added.join('')}`, { mode: 0o600 })
  chmodSync(file, 0o600)
}

function assignment(name: string): RegExp {
  return new RegExp(`^${name}=(?:"[^"]*"|.*)\\n?`, 'm')
}

/** A key has many lines. */
function quoted(value: string): string {
  return /^[\w.-]*$/.test(value) ? value : `"${value.replaceAll('\r', '').replaceAll('\n', '\\n')}"`
}
