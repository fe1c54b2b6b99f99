/** What is open to the network: webhooks, the pages of health, and what is mounted once work has begun. */

import type { IncomingMessage, RequestListener } from 'node:http'
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
}

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
  const server = await listen((req, res) => (isDelivery(req) ? receive(req, res) : void pages(req, res)), env)
  closers.push(server)
  const open = servesPeople(health.role) ? 'webhooks are being taken' : 'health and metrics are shown'
  log.info({ url: server.url, database: store.kind }, open)
  return {
    url: server.url,
    mount: (apps) => {
      pages = pagesOf(apps)
    },
  }
}
