/** Builds the parts of a serving Tutti, binds the queues to the rooms, and takes it all down again in order. */

import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from 'pino'
import { loadAgents } from './agents/registry.ts'
import { type Health, web } from './api/health.ts'
import { loadCommands } from './commands/registry.ts'
import type { Env } from './config/env.ts'
import { openStore } from './db/connect.ts'
import { deregister, giveBackJobs, register } from './db/processes.ts'
import type { SystemRow } from './db/work-items.ts'
import { Checker } from './gates/checker.ts'
import { loadGates } from './gates/registry.ts'
import { BareClones } from './git/bare-clones.ts'
import { createForkServer } from './git/fork-server.ts'
import { createClient } from './github/client.ts'
import { openGitHub } from './github/github.ts'
import { Publisher } from './github/publisher.ts'
import { OperatorError } from './lib/errors.ts'
import { Secrets } from './lib/secrets.ts'
import { planned } from './planning/on-plan-submitted.ts'
import { tidy } from './pull-requests/cleanup.ts'
import { merge } from './pull-requests/merge.ts'
import { published } from './pull-requests/on-published.ts'
import { propose } from './pull-requests/open-pull-request.ts'
import { keepAlive, startSweeps } from './reconcile/periodic.ts'
import { roadmap } from './roadmaps/sync-roadmap.ts'
import { Runner } from './runs/runner.ts'
import { settle } from './runs/settle-run.ts'
import { createWarden } from './sandbox/reaper.ts'
import { sweepStrays } from './sandbox/run-markers.ts'
import { Scheduler } from './scheduling/scheduler.ts'
import { deliver } from './webhooks/process-delivery.ts'
import { createReceiver, isDelivery } from './webhooks/receive.ts'
import { orHold } from './work-items/dead-letter.ts'
import { gardenOnRequest } from './work-items/garden.ts'
import { created } from './work-items/on-issue-created.ts'
import { enlist } from './work-items/triage.ts'

export interface Tutti {
  /** Where webhooks and people come in. */
  readonly url: string
  /** Calls made to GitHub so far. */
  readonly calls: { reads: number; writes: number }
  /** Ends agents, lets handlers finish, closes everything. */
  close(): Promise<void>
}

/**
 * Starts serving: webhooks are stored from the first moment on, work begins once GitHub has said who the app is.
 * @throws {OperatorError} when the database, the port or the credentials cannot be used.
 */
export async function startTutti(env: Env, log: Logger): Promise<Tutti> {
  if (!env.credentials)
    throw new OperatorError('there are no credentials yet', 'Run `npm start` to see the set-up page.')
  const agents = await loadAgents({ files: env.AGENT_FILES, apiUrl: env.apiUrl })
  const store = await openStore({ databaseUrl: env.DATABASE_URL, directory: env.dataDirectory, log })
  const closers: (() => Promise<unknown>)[] = [() => store.close()]
  const close = async () => {
    for (const one of closers.splice(0).reverse())
      await one().catch((error) => log.error({ err: error }, 'while stopping'))
  }
  try {
    const secrets = new Secrets([env.credentials.privateKey, env.credentials.webhookSecret])
    const state = { phase: 'starting' as ReturnType<Health['phase']>, agents: () => 0 }
    const server = createServer()
    const receive = createReceiver({ store, secret: env.credentials.webhookSecret, log })
    const pages = getRequestListener(web(store, { phase: () => state.phase, agents: () => state.agents() }).fetch)
    server.on('request', (req, res) => (isDelivery(req) ? receive(req, res) : void pages(req, res)))
    const url = await listen(server, env)
    closers.push(() => stopServer(server))
    log.info({ url, database: store.kind }, 'webhooks are being taken')

    store.watch(({ systemId, issueNumber, from, to, actor, why }) => {
      log.info({ systemId, issue: issueNumber, from, to, actor, why }, `#${issueNumber}: ${from} → ${to}`)
    })

    const client = createClient({ ...env.credentials, apiUrl: env.apiUrl, log })
    const github = await patiently(() => openGitHub(client, log, (token) => secrets.add(token)), log)
    const instance = await register(store.db)
    closers.push(() => deregister(store.db, instance))
    await giveBackJobs(store, instance, env.HEARTBEAT_TIMEOUT_SECONDS * 1_000)

    const forkServer = createForkServer({ onLost: (reason) => log.warn(reason) })
    closers.push(async () => forkServer.close())
    const clones = new BareClones(join(env.dataDirectory, 'repositories'), {
      allowHttp: env.ALLOW_HTTP_CLONE,
      token: (system: SystemRow, need) => github.token(system, need),
      start: forkServer.start,
    })
    const control = (system: SystemRow) => clones.of(system)
    const commands = await loadCommands()
    const publisher = new Publisher({
      store,
      client,
      instance,
      botLogin: () => github.app.botLogin,
      redact: secrets.redact,
      missing: github.missing,
      commands: [...commands.keys()],
      log,
    })
    const warden = createWarden({ instanceId: instanceIdOf(env), onLost: (reason) => log.warn(reason) })
    closers.push(() => warden.close())
    await sweepStrays(warden.instanceId)
    const parts = { store, env, github, log, instance, agents, warden, control, holdsSecret: secrets.holds }
    const runner = new Runner(parts)
    state.agents = () => runner.size
    const gates = await loadGates()
    const checker = new Checker({ ...parts, gates })

    const { queues } = store
    await queues.handle('deliver-event', (job, attempt) => deliver({ store, github, commands, log }, job, attempt), 2)
    await queues.handle(
      'enlist',
      orHold<'enlist'>(store, (job) => enlist(parts, job)),
    )
    await queues.handle(
      'roadmap',
      orHold<'roadmap'>(store, (job) => roadmap(parts, job)),
    )
    await queues.handle(
      'created',
      orHold<'created'>(store, (job) => created(parts, job)),
    )
    const scheduler = new Scheduler({
      store,
      env,
      log,
      freeMemory: () => process.availableMemory(),
      // Several runners share a database: the job is for them; this one can begin at once.
      started: (runId) => runner.start(runId),
    })
    closers.push(() => scheduler.close())
    await queues.handle('schedule', () => scheduler.dispatch())
    await queues.handle('garden', (job) => gardenOnRequest({ store, env, github, log }, job))
    await queues.handle('run', async (job) => runner.start(job.runId))
    await queues.handle('check', async (job) => checker.start(job.runId))
    await queues.handle(
      'settle',
      orHold<'settle'>(store, (job) => settle(parts, job)),
    )
    await queues.handle(
      'planned',
      orHold<'planned'>(store, (job, attempt) => planned(parts, job, attempt)),
    )
    await queues.handle(
      'propose',
      orHold<'propose'>(store, (job) => propose(parts, job)),
    )
    await queues.handle(
      'published',
      orHold<'published'>(store, (job) => published(parts, job)),
    )
    await queues.handle(
      'merge',
      orHold<'merge'>(store, (job) => merge(parts, job)),
    )
    await queues.handle(
      'tidy',
      orHold<'tidy'>(store, (job) => tidy(parts, job)),
    )
    await queues.handle('publish', () => publisher.drain())
    closers.push(() => Promise.all([runner.close(), checker.close()]))

    closers.push(await keepAlive(parts))
    closers.push(startSweeps({ store, github, env, log }))
    // After a restart nothing else might ask.
    for (const queue of ['schedule', 'publish'] as const) await queues.send({ queue })
    state.phase = 'serving'
    closers.push(async () => {
      state.phase = 'stopping'
    })
    // See main.ts: everything is loaded now.
    setFlagsFromString('--semi-space-growth-factor=2')
    setFlagsFromString('--no-optimize-for-size')
    log.info({ app: github.app.slug, agents: [...agents.keys()] }, 'Tutti is serving')
    return { url, calls: client.meter, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** The same over restarts: strays of an earlier life are recognised by it. */
function instanceIdOf(env: Env): string {
  return createHash('sha256')
    .update(`${env.dataDirectory}\n${env.DATABASE_URL ?? ''}`)
    .digest('hex')
    .slice(0, 16)
}

/** GitHub may be away when we start; webhooks are stored meanwhile. Refused credentials end the start at once. */
async function patiently<T>(work: () => Promise<T>, log: Logger): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const refused = error instanceof OperatorError && error.message.includes('refused')
      if (refused || attempt >= 60) throw error
      log.warn({ err: error }, 'GitHub cannot be reached yet; trying again')
      await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 500 * 2 ** attempt)))
    }
  }
}

async function listen(server: Server, env: Env): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE'
      reject(
        new OperatorError(
          taken
            ? `port ${env.PORT} is in use by another program`
            : `cannot listen on ${env.HOST}:${env.PORT}: ${error.message}`,
          taken ? 'Set PORT to a free one.' : 'Check HOST and PORT.',
        ),
      )
    })
    server.listen(env.PORT, env.HOST, resolve)
  })
  const { address, port, family } = server.address() as AddressInfo
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function stopServer(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), 3_000)
  await closed
  clearTimeout(timer)
}
