/**
 * A small GitHub on your own machine: one HTTP server on loopback with the REST API, signed webhooks and git over
 * HTTP, all over the same state. People act through `as(login)`, the app through its API; both fire the same webhooks.
 */
import { mkdir } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { runMergeQueues } from './acts/merge-queue.ts'
import { createRepository, type ImportedRepository, importRepository, type NewRepository } from './acts/repositories.ts'
import { budgetHeaders, createBudgets } from './api/access.ts'
import { type ApiCall, busiestWrites, type CallLog, countCalls } from './api/calls.ts'
import { openRoute, type Route } from './api/route.ts'
import { createApi, type MissingRoute } from './api/serve.ts'
import { type Auth, appKey, createAuth } from './auth.ts'
import { createPerson } from './create-person.ts'
import type { Delivery } from './deliveries.ts'
import { createFaults, type Faults } from './faults.ts'
import { findGit } from './git.ts'
import { isJobLog, serveJobLog } from './job-logs.ts'
import type { Permissions, RepositoryRecord } from './model.ts'
import { isOAuth, type OAuth, serveOAuth } from './oauth.ts'
import type { Person } from './person.ts'
import { isRegistration, serveRegistration } from './registration.ts'
import { type AppManifest, appRoutes, manifestRoutes } from './routes/app.ts'
import { checkRoutes } from './routes/checks.ts'
import { commentRoutes } from './routes/comments.ts'
import { contentRoutes } from './routes/contents.ts'
import { deliveryRoutes } from './routes/deliveries.ts'
import { gitDataRoutes } from './routes/git-data.ts'
import { graphqlRoutes } from './routes/graphql.ts'
import { issueRoutes } from './routes/issues.ts'
import { linkRoutes } from './routes/links.ts'
import { peopleRoutes } from './routes/people.ts'
import { pullRoutes } from './routes/pulls.ts'
import { repositoryRoutes } from './routes/repositories.ts'
import { reviewRoutes } from './routes/reviews.ts'
import { type GitRequest, isGitAddress, serveGit } from './smart-http.ts'
import { type Changes, createChanges } from './waiting.ts'
import { createWebhooks, type Webhooks } from './webhooks.ts'
import { findRepository, randomText, type World } from './world.ts'
import { type AppWish, createWorld } from './world-start.ts'

export interface GitHubOptions {
  /** Where the git repositories go. Made if it does not exist; never deleted. */
  directory: string
  webhook?: {
    url?: string
    /** Random without it. */
    secret?: string
    /** Deliveries under way at once, 1 without it: so they arrive in order. */
    concurrency?: number
    /** How long an answer may take. Default 10,000: documented in "Best practices for using webhooks". */
    timeoutMs?: number
  }
  app?: AppWish
  /** The playground's clock. */
  now?: () => Date
  /** A free one without it. */
  port?: number
  /** Requests per hour and installation. Default 5,000, as on GitHub.com. */
  rateLimit?: number
  /** Routes this server does not have. */
  missing?: (string | MissingRoute)[]
  /** How many reads of a pull request get `mergeable: null` first, after its head moved. Default 0. */
  mergeableUnknownReads?: number
}

export interface PlaygroundGitHub {
  /** `http://127.0.0.1:PORT`; git is at `${url}/{owner}/{repo}.git`. */
  url: string
  /** `${url}/api/v3`. The same routes answer at `url` itself. */
  apiUrl: string
  app: {
    id: number
    slug: string
    clientId: string
    clientSecret: string
    /** PEM (PKCS#1), made at run time. */
    privateKey: string
    webhookSecret: string
    permissions: Permissions
    events: string[]
  }
  /** Signing in through the app. `as`: who has agreed before, and is sent back at once. */
  oauth: Pick<OAuth, 'as'>
  /** Undefined switches the webhook off: then nothing is sent or recorded. */
  setWebhookUrl(url: string | undefined): void
  /** Sends a `ping`, as GitHub does after an app is registered. */
  ping(): void
  createRepository(wish: NewRepository): Promise<RepositoryRecord>
  importRepository(wish: ImportedRepository): Promise<RepositoryRecord>
  /** By `owner/name`. */
  repository(fullName: string): RepositoryRecord | undefined
  as(login: string): Person
  /** Every REST call, oldest first. */
  calls: ApiCall[]
  /** Calls so far, minting of tokens left out. */
  counts(): { reads: number; writes: number }
  /** The most writes in any stretch of this many ms. */
  busiestWrites(windowMs: number): number
  /** Calls that no route answers. */
  unknown: ApiCall[]
  /** Every request of git's protocol, oldest first. */
  gitRequests: GitRequest[]
  /** Every webhook sent, oldest first; those lost or held by a fault are not in it. */
  deliveries: Delivery[]
  faults: Faults
  /** May be changed while it runs. */
  missing: MissingRoute[]
  /** Fires `change`. */
  changed: Changes['target']
  /** Looks at the fact after every change until it is truthy. Rejects after `timeoutMs` (120,000) naming `what`. */
  until: Changes['until']
  /** Ends server, deliveries and git processes. The directory stays. */
  close(): Promise<void>
}

/** Starts a GitHub of its own. Rejects with `PlaygroundError` when git is missing, with a system error when the port is taken. */
export async function startGitHub(options: GitHubOptions): Promise<PlaygroundGitHub> {
  await mkdir(options.directory, { recursive: true })
  const log: CallLog = { all: [], unknown: [] }
  const deliveries: Delivery[] = []
  const changes = createChanges(() => recently(log, deliveries))
  const server = createServer()
  const [git, key, port] = await Promise.all([findGit(options.directory), appKey(), listen(server, options.port ?? 0)])
  const world = createWorld({
    url: `http://127.0.0.1:${port}`,
    directory: options.directory,
    git,
    now: options.now ?? (() => new Date()),
    app: options.app ?? {},
    mergeableUnknownReads: options.mergeableUnknownReads ?? 0,
    changed: changes.changed,
  })
  const faults = createFaults()
  const hooks = createWebhooks(world, faults, {
    url: options.webhook?.url,
    secret: options.webhook?.secret ?? randomText(32),
    concurrency: options.webhook?.concurrency ?? 1,
    timeoutMs: options.webhook?.timeoutMs ?? 10_000,
    log: deliveries,
  })
  world.emit = hooks.emit
  runMergeQueues(world, changes)
  const auth = createAuth(world, key)
  const budgets = createBudgets(world, options.rateLimit ?? 5000)
  const missing = (options.missing ?? []).map((one) => (typeof one === 'string' ? { route: one } : one))
  world.lacks = (part) => missing.some((one) => one.route.includes(part))
  const [clientSecret, codes] = [randomText(40), new Map<string, AppManifest>()]
  const oauth: OAuth = { as: undefined, clientSecret, codes: new Map() }
  const secrets = { client_secret: clientSecret, webhook_secret: hooks.secret, pem: key.privateKey }
  const rateLimit = openRoute('GET', '/rate_limit', (call) => {
    const core = budgetNumbers(budgetHeaders(budgets.of(call.caller)))
    return { body: { resources: { core, search: { ...core, limit: 30, remaining: 30, used: 0 } }, rate: core } }
  })
  const api = createApi({ world, auth, hooks, faults, budgets, log, missing, lastReads: new Map() }, [
    ...routes,
    ...manifestRoutes(codes, secrets),
    rateLimit,
  ])
  const gitRequests: GitRequest[] = []
  const rest = getRequestListener(api.fetch)
  server.on('request', (incoming, outgoing) => {
    if (isGitAddress(incoming.url ?? '')) void serveGit({ world, auth, faults, log: gitRequests }, incoming, outgoing)
    else if (!servePage({ world, oauth, codes }, incoming, outgoing)) void rest(incoming, outgoing)
  })
  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    const stopped = hooks.close()
    faults.clear()
    server.closeAllConnections()
    git.close()
    await Promise.all([closed, stopped])
  }
  const app = { clientSecret, privateKey: key.privateKey, webhookSecret: hooks.secret }
  return {
    ...controls({ world, auth, hooks, log, app }),
    oauth,
    gitRequests,
    deliveries,
    faults,
    missing,
    ...ends(changes),
    close,
  }
}

/** What is no API: logs, registering an app, signing in. @returns whether it was one of these. */
function servePage(
  { world, oauth, codes }: { world: World; oauth: OAuth; codes: Map<string, AppManifest> },
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): boolean {
  if (isJobLog(incoming)) serveJobLog(world, incoming, outgoing)
  else if (isOAuth(incoming)) void serveOAuth(world, oauth, incoming, outgoing)
  else if (isRegistration(incoming)) void serveRegistration(codes, incoming, outgoing)
  else return false
  return true
}

/** What waits for a fact of this GitHub. */
function ends(changes: Changes): Pick<PlaygroundGitHub, 'changed' | 'until'> {
  return { changed: changes.target, until: changes.until }
}

/** What is asked and done from outside, besides the API. */
function controls({
  world,
  auth,
  hooks,
  log,
  app,
}: {
  world: World
  auth: Auth
  hooks: Webhooks
  log: CallLog
  app: Pick<PlaygroundGitHub['app'], 'clientSecret' | 'privateKey' | 'webhookSecret'>
}) {
  const { id, slug, clientId, permissions, events } = world.app
  return {
    url: world.url,
    apiUrl: world.apiUrl,
    app: { id, slug, clientId, permissions, events, ...app },
    setWebhookUrl(url) {
      hooks.url = url
    },
    ping: () => hooks.ping(),
    createRepository: (wish) => createRepository(world, wish),
    importRepository: (wish) => importRepository(world, wish),
    repository: (fullName) => findRepository(world, fullName),
    as: (login) => createPerson(world, auth, login),
    calls: log.all,
    counts: () => countCalls(log.all),
    busiestWrites: (windowMs) => busiestWrites(log.all, windowMs),
    unknown: log.unknown,
  } satisfies Partial<PlaygroundGitHub>
}

/** A wider address comes after the narrower ones that begin alike, since the first that fits answers. */
const routes: Route[] = [
  ...appRoutes,
  ...peopleRoutes,
  ...deliveryRoutes,
  ...repositoryRoutes,
  ...commentRoutes,
  ...issueRoutes,
  ...linkRoutes,
  ...reviewRoutes,
  ...graphqlRoutes,
  ...pullRoutes,
  ...checkRoutes,
  ...contentRoutes,
  ...gitDataRoutes,
]

function listen(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address ? address.port : port)
    })
  })
}

/** The last calls and deliveries, for the error of a fact that never came. */
function recently(log: CallLog, deliveries: Delivery[]): string {
  const calls = log.all.slice(-8).map((call) => `  ${call.status} ${call.method} ${call.path}`)
  const sent = deliveries
    .slice(-8)
    .map((one) => `  ${one.statusCode ?? 'under way'} ${one.event}${one.action ? `.${one.action}` : ''}`)
  return ['last calls:', ...calls, 'last deliveries:', ...sent].join('\n')
}

function budgetNumbers(headers: Record<string, string>) {
  const number = (name: string): number => Number(headers[`x-ratelimit-${name}`])
  return { limit: number('limit'), remaining: number('remaining'), used: number('used'), reset: number('reset') }
}
