/** What is open to the network: webhooks, the pages of health, and what is mounted once work has begun. */

import type { IncomingMessage, RequestListener } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { servesPeople } from '../domain/process-role.ts'
import type { Closers } from '../lib/closers.ts'
import { healthPages, type ProcessHealth } from './health.ts'
import { listen } from './server.ts'

/** What the doors need. */
export interface DoorOptions {
  env: Env
  log: Logger
  store: Store
  /** Takes the requests that are deliveries; health pages answer the others. */
  receive: RequestListener
  isDelivery: (request: IncomingMessage) => boolean
  /** Shown by `/healthz`. */
  health: ProcessHealth
  closers: Closers
}

/** What is open. */
export interface Doors {
  readonly url: string
  /** Opens more: from now on these answer, the first before the others, and all of them before the pages of health. */
  mount(apps: readonly Hono[]): void
  /**
   * Waits until whoever balances between several processes sends its requests elsewhere: none but those for health have
   * come for two seconds. They are answered meanwhile.
   * @param atMostMs the longest wait; 0: none.
   */
  untilQuiet(atMostMs: number): Promise<void>
}

/** A balancer that asks `/readyz` every second has noticed by then, in milliseconds. */
const quietMs = 2_000

/**
 * Listens, and stores deliveries from now on.
 * @throws {OperatorError} when the port cannot be used.
 */
export async function openDoors(options: DoorOptions): Promise<Doors> {
  const { env, log, store, receive, isDelivery, health, closers } = options
  const pagesOf = (apps: readonly Hono[]) => {
    const root = new Hono()
    for (const app of [...apps, healthPages(store, health)]) root.route('/', app)
    return getRequestListener(root.notFound((context) => context.text('Nothing is here.\n', 404)).fetch)
  }
  let pages = pagesOf([])
  let lastAt = 0
  const server = await listen((req, res) => {
    if (!/^\/(?:healthz|readyz|metrics)\b/.test(req.url ?? '')) lastAt = performance.now()
    // A balancer that keeps its connections must not go on using them.
    if (health.phase === 'draining' || health.phase === 'stopping') res.setHeader('Connection', 'close')
    isDelivery(req) ? receive(req, res) : void pages(req, res)
  }, env)
  closers.push(server)
  const open = servesPeople(health.role) ? 'webhooks are being taken' : 'health and metrics are shown'
  log.info({ url: server.url, database: store.kind }, open)
  return {
    url: server.url,
    mount: (apps) => {
      pages = pagesOf(apps)
    },
    untilQuiet: async (atMostMs) => {
      const began = performance.now()
      const left = () => Math.max(began, lastAt) + quietMs - performance.now()
      while (left() > 0 && performance.now() - began < atMostMs) await wait(Math.min(left(), 100))
    },
  }
}
