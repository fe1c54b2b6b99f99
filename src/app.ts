/** The composition root: builds the adapters, registers jobs and doors, and closes everything in reverse order. */

import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { getRequestListener } from '@hono/node-server'
import type { Logger } from 'pino'
import { loadAgents } from './agents/registry.ts'
import { healthPages, type ProcessHealth } from './api/health.ts'
import { listen } from './api/server.ts'
import { loadCommands } from './commands/registry.ts'
import type { Env } from './config/env.ts'
import { whileDatabaseIsAway } from './db/away.ts'
import { openStore } from './db/connect.ts'
import { deregisterProcess, registerProcess, requeueJobs } from './db/processes.ts'
import type { RepositoryRow } from './db/repositories.ts'
import { GateRunner } from './gates/gate-runner.ts'
import { loadGates } from './gates/registry.ts'
import { BareClones } from './git/bare-clones.ts'
import { createForkServer } from './git/fork-server.ts'
import { createClient } from './github/client.ts'
import { connectGitHub } from './github/connect.ts'
import { loadEffectHandlers } from './github/effects/lib/registry.ts'
import { Publisher } from './github/publisher.ts'
import { handleJobs, jobs } from './jobs.ts'
import { OperatorError } from './lib/errors.ts'
import { sha } from './lib/ids.ts'
import { Secrets } from './lib/secrets.ts'
import { startTimers } from './reconcile/periodic.ts'
import { Runner } from './runs/runner.ts'
import { createReaper } from './sandbox/reaper.ts'
import { killStrays } from './sandbox/run-markers.ts'
import { Scheduler } from './scheduling/scheduler.ts'
import { loadWebhookApp } from './webhooks/probot-app.ts'
import { createReceiver, isDelivery } from './webhooks/receive.ts'
import { renderStatus } from './work-items/status-comment.ts'

export interface Tutti {
  /** Where webhooks and people come in. */
  readonly url: string
  /** Calls made to GitHub so far. */
  readonly calls: { reads: number; writes: number }
  /** Settles when it cannot go on: its database has been away for too long. Close it then, and start another one. */
  readonly lost: Promise<OperatorError>
  /** Ends agents, lets handlers finish, closes everything. */
  close(): Promise<void>
}

/**
 * Starts serving: webhooks are stored from the first moment on, work begins once GitHub has said who the app is. A
 * database that is away meanwhile is waited for.
 * @throws {OperatorError} when the database, the port or the credentials cannot be used.
 */
export async function startTutti(env: Env, log: Logger): Promise<Tutti> {
  return whileDatabaseIsAway(env.DATABASE_TIMEOUT_SECONDS * 1_000, log, async () => {
    const closers: (() => Promise<unknown>)[] = []
    const close = async () => {
      for (const one of closers.splice(0).reverse())
        await one().catch((error) => log.error({ err: error }, 'while stopping'))
    }
    try {
      const tutti = await start(env, log, closers)
      return { ...tutti, close }
    } catch (error) {
      await close()
      throw error
    }
  })
}

async function start(env: Env, log: Logger, closers: (() => Promise<unknown>)[]): Promise<Omit<Tutti, 'close'>> {
  const { credentials, apiUrl } = env
  if (!credentials) throw new OperatorError('there are no credentials yet', 'Run `npm start` to see the set-up page.')
  const [agents, commands, gates, handlers] = [
    await loadAgents({ files: env.AGENT_FILES, apiUrl }),
    await loadCommands(),
    await loadGates(),
    await loadEffectHandlers(),
  ]
  const store = await openStore({
    databaseUrl: env.DATABASE_URL,
    directory: env.dataDirectory,
    queues: Object.values(jobs),
    log,
  })
  closers.push(() => store.close())
  store.watch(({ repositoryId, issueNumber, from, to, actor, why }) =>
    log.info({ repositoryId, issue: issueNumber, from, to, actor, why }, `#${issueNumber}: ${from} → ${to}`),
  )
  const state = {
    phase: 'starting' as ReturnType<ProcessHealth['phase']>,
    agents: () => 0,
    silentSeconds: (): number | undefined => undefined,
  }
  const receive = createReceiver({ store, secret: credentials.webhookSecret, log })
  const health: ProcessHealth = {
    phase: () => state.phase,
    agents: () => state.agents(),
    silentSeconds: () => state.silentSeconds(),
  }
  const pages = getRequestListener(healthPages(store, health).fetch)
  const server = await listen((req, res) => (isDelivery(req) ? receive(req, res) : void pages(req, res)), {
    host: env.HOST,
    port: env.PORT,
  })
  closers.push(() => server.close())
  log.info({ url: server.url, database: store.kind }, 'webhooks are being taken')

  const secrets = new Secrets([credentials.privateKey, credentials.webhookSecret])
  const client = createClient({ ...credentials, apiUrl, log })
  const github = await connectGitHub(client, log, (token) => secrets.add(token))
  const instance = await registerProcess(store.db)
  closers.push(() => deregisterProcess(store.db, instance))
  await requeueJobs(store, instance, env.HEARTBEAT_TIMEOUT_SECONDS * 1_000)

  const forkServer = createForkServer({ onLost: (reason) => log.warn(reason) })
  closers.push(async () => forkServer.close())
  const clones = new BareClones(join(env.dataDirectory, 'repositories'), {
    allowHttp: env.ALLOW_HTTP_CLONE,
    token: (repo: RepositoryRow, need) => github.token(repo, need),
    start: forkServer.start,
  })
  const reaper = createReaper({ instanceId: instanceIdOf(env), onLost: (reason) => log.warn(reason) })
  closers.push(() => reaper.close())
  await killStrays(reaper.instanceId)

  const webhooks = await loadWebhookApp(client.probot, { store, github, log, commands })
  const adapters = {
    store,
    env,
    github,
    log,
    instance,
    agents,
    commands,
    gates,
    reaper,
    control: (repo: RepositoryRow) => clones.of(repo),
    holdsSecret: secrets.holds,
  }
  const runner = new Runner(adapters)
  const gateRunner = new GateRunner(adapters)
  state.agents = () => runner.size
  const publisher = new Publisher({
    ...{ store, client, handlers, instance, log, missing: github.missing, redact: secrets.redact },
    commands: commands.keys(),
    botLogin: () => github.app.botLogin,
    statusComment: (workItemId) => renderStatus(store.db, workItemId),
    commitFiles: async (repo, commit, parent) => (await clones.of(repo)).commitFiles(sha(commit), sha(parent)),
  })
  // Several runners share a database: the job is for them; this one can begin at once.
  const scheduler = new Scheduler({
    store,
    env,
    log,
    freeMemory: () => process.availableMemory(),
    started: (runId) => void runner.start(runId).catch((error) => log.debug({ err: error }, 'left to the job')),
  })
  closers.push(() => scheduler.close())
  await handleJobs(store.queues, { ...adapters, webhooks, runner, gateRunner, publisher, scheduler })
  closers.push(() => Promise.all([runner.close(), gateRunner.close()]))

  const timers = await startTimers(adapters, closers)
  state.silentSeconds = timers.silentSeconds
  // After a restart nothing else might ask.
  for (const queue of ['schedule', 'publish-effects'] as const) await store.queues.send({ queue })
  state.phase = 'serving'
  closers.push(async () => {
    state.phase = 'stopping'
  })
  // See main.ts: everything is loaded now.
  setFlagsFromString('--semi-space-growth-factor=2')
  setFlagsFromString('--no-optimize-for-size')
  log.info({ app: github.app.slug, agents: [...agents.keys()] }, 'Tutti is serving')
  return { url: server.url, calls: client.meter, lost: timers.lost }
}

/** The same over restarts: strays of an earlier life are recognised by it. */
function instanceIdOf(env: Env): string {
  return createHash('sha256')
    .update(`${env.dataDirectory}\n${env.DATABASE_URL ?? ''}`)
    .digest('hex')
    .slice(0, 16)
}
