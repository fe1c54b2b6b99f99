/** The composition root: opens the adapters (`adapters.ts`), starts jobs and doors, and closes everything in reverse order. */

import type { Logger } from 'pino'
import { openAdapters } from './adapters.ts'
import { type ProcessHealth, startingHealth } from './api/health.ts'
import { type Doors, openDoors } from './api/open-doors.ts'
import { writeOperatorFile } from './api/operator-file.ts'
import type { Env } from './config/env.ts'
import { databaseOf } from './config/installation.ts'
import { whileDatabaseIsAway } from './db/away.ts'
import { openStore, type Store } from './db/connect.ts'
import { type ProcessPart, runsAgents, servesPeople } from './domain/process-role.ts'
import { builtInWorkflows } from './domain/workflows.ts'
import { checkoutQueues, handleJobs, queues } from './jobs.ts'
import { Closers } from './lib/closers.ts'
import { OperatorError } from './lib/errors.ts'
import { watchEventLoop } from './lib/event-loop-watch.ts'
import { mountDoors } from './mount-doors.ts'
import { startTimers } from './reconcile/periodic.ts'
import { drainWork } from './runs/drain.ts'
import { loadRoles } from './runs/roles.ts'
import { loadWebhookApp } from './webhooks/probot-app.ts'
import { createReceiver, isDelivery } from './webhooks/receive.ts'
import { openWorkers } from './workers.ts'

export interface Tutti {
  /** Where webhooks and people come in. */
  readonly url: string
  /** Calls made to GitHub so far. */
  readonly calls: { reads: number; writes: number }
  /** Settles when it cannot go on: its database has been away for too long. Close it then, and start another one. */
  readonly lost: Promise<OperatorError>
  /** Begins no other agent, and waits up to DRAIN_SECONDS until those of this process have ended and requests go elsewhere. */
  drain(): Promise<void>
  /** Ends agents, lets handlers finish, closes everything. */
  close(): Promise<void>
}

/**
 * Starts serving: webhooks are stored from the first moment on, work begins once GitHub has said who the app is. A
 * database that is away meanwhile is waited for.
 * @param part what this process does: everything, or one part of it.
 * @throws {OperatorError} when the database, the port, the credentials or the file of a role or loop cannot be used.
 */
export async function startTutti(env: Env, log: Logger, part: ProcessPart = { role: 'all' }): Promise<Tutti> {
  const { credentials } = env
  if (!credentials) throw new OperatorError('there are no credentials yet', 'Run `npm start` to see the set-up page.')
  loadRoles()
  builtInWorkflows()
  return whileDatabaseIsAway(env.DATABASE_TIMEOUT_SECONDS * 1_000, log, async (reached) => {
    const closers = new Closers()
    const close = () => closers.close((err) => log.error({ err }, 'while stopping'))
    try {
      const store = await openStore({ ...databaseOf(env), queues, log })
      closers.push(store)
      closers.push(watchEventLoop(env.HANG_SECONDS, log))
      reached()
      const base = { env, log, store, credentials, part, health: startingHealth(part.role), closers }
      const onSecret = (webhooks: ProcessHealth['webhooks']) => Object.assign(base.health, { webhooks })
      const receive = createReceiver({ store, log, secret: credentials.webhookSecret, onSecret })
      const takes = servesPeople(part.role) ? isDelivery : () => false
      const doors = await openDoors({ ...base, receive, isDelivery: takes })
      return { url: doors.url, ...(await work(base, doors)), close }
    } catch (error) {
      await close()
      throw error
    }
  })
}

interface Base {
  env: Env
  log: Logger
  store: Store
  credentials: NonNullable<Env['credentials']>
  part: ProcessPart
  health: ProcessHealth
  closers: Closers
}

async function work(base: Base, doors: Doors): Promise<Pick<Tutti, 'calls' | 'lost' | 'drain'>> {
  const { env, log, store, part, health, closers } = base
  store.watch(({ issueNumber: issue, ...one }) => log.info({ issue, ...one }, `#${issue}: ${one.from} → ${one.to}`))
  const opened = await openAdapters(base)
  const { adapters, client, clones } = opened
  const { github, agents, sandbox } = adapters
  const workers = await openWorkers(base, opened)
  const { runner, gateRunner, batchTester } = workers
  const webhooks = await loadWebhookApp(client.probot, adapters)
  await handleJobs(store.queues, part.role, { ...adapters, ...workers, webhooks })
  const { lost, silentSeconds } = await startTimers(
    { ...adapters, clones, handleComment: webhooks.handleComment },
    closers,
  )
  Object.assign(health, {
    phase: 'serving',
    sandbox: sandbox.status,
    agents: () => runner.size,
    silentSeconds,
  } satisfies Partial<ProcessHealth>)
  closers.push(() => Object.assign(health, { phase: 'stopping' }))
  mountDoors(doors, adapters, closers)
  if (servesPeople(part.role)) closers.push(await writeOperatorFile(store, env.dataDirectory, doors.url))
  // What has waited for a runner like this one can start.
  if (runsAgents(part.role)) await store.queues.send({ queue: 'schedule' })
  log.info(
    { app: github.app.slug, ...part, agents: runsAgents(part.role) ? [...agents.keys()] : [] },
    'Tutti is serving',
  )
  const drain = async () => {
    if (env.DRAIN_SECONDS === 0) return
    health.phase = 'draining'
    await store.queues.stopTaking(checkoutQueues)
    const work = { agents: runner, checks: gateRunner, batches: batchTester }
    await Promise.all([
      drainWork(work, { seconds: env.DRAIN_SECONDS, log }),
      ...(servesPeople(part.role) ? [doors.untilQuiet(env.DRAIN_SECONDS * 1_000)] : []),
    ])
  }
  return { calls: client.meter, lost, drain }
}
