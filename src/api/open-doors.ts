/** What is open to the network: webhooks, and the pages of health. */

import type { IncomingMessage, RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
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
  /** Pages besides health; theirs come first. */
  pages: Hono
  closers: Closers
}

/**
 * Listens, and stores deliveries from now on.
 * @returns the address.
 * @throws {OperatorError} when the port cannot be used.
 */
export async function openDoors(options: DoorOptions): Promise<string> {
  const { env, log, store, receive, isDelivery, health, pages: more, closers } = options
  const pages = getRequestListener(more.route('/', healthPages(store, health)).fetch)
  const server = await listen((req, res) => (isDelivery(req) ? receive(req, res) : void pages(req, res)), env)
  closers.push(server)
  log.info({ url: server.url, database: store.kind }, 'webhooks are being taken')
  return server.url
}
