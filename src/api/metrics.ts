/** `/metrics` for Prometheus, with a token of all repositories; and `/readyz`, which needs none. */

import { Hono } from 'hono'
import type { Logger } from 'pino'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { type Metric, metrics, samplesOf } from '../db/metric-facts.ts'
import * as messages from '../messages/api.ts'
import type { EventHub } from './event-hub.ts'
import { type ApiEnv, authenticated, problemHandler, refuseForeign, withRequestId } from './guard.ts'
import { ApiProblem } from './problem.ts'

/** What it works with. */
export interface MetricServices {
  store: Store
  log: Logger
  env: Pick<Env, 'HOST' | 'PUBLIC_URL'>
  events: EventHub
}

/** Readers that come within this time get the same numbers, in milliseconds. */
const freshMs = 5_000

/**
 * The page. It always needs a token: behind a proxy on the same machine every stranger would come from loopback, and
 * Prometheus can send one (`authorization: credentials_file`).
 */
export function metricPages({ store, log, env, events }: MetricServices): Hono {
  const app = new Hono<ApiEnv>()
  const read = metricReader(store, events)
  app.onError(problemHandler(log))
  app.use('/metrics', withRequestId(), refuseForeign(env), authenticated(store))
  app.get('/metrics', async (context) => {
    if (context.get('token').repositoryIds !== null) throw new ApiProblem('not-allowed', messages.needsAllRepositories)
    const { text, type } = await read()
    return context.body(text, 200, { 'Content-Type': type })
  })
  return new Hono().route('/', app)
}

interface Read {
  text: string
  type: string
}

/** @returns what reads the numbers, once for all who ask at the same time. */
function metricReader(store: Store, events: EventHub): () => Promise<Read> {
  let registry: Registry | undefined
  let last: { at: number; read: Promise<Read> } | undefined
  return () => {
    registry ??= newRegistry(store, events)
    if (last && performance.now() - last.at < freshMs) return last.read
    const { contentType: type } = registry
    const read = registry.metrics().then((text) => ({ text, type }))
    last = { at: performance.now(), read }
    // A failure is not kept: the next one who asks tries again.
    read.catch(() => {
      last = undefined
    })
    return read
  }
}

function newRegistry(store: Store, events: EventHub): Registry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const metric of metrics) register(registry, store, metric)
  new Gauge({
    ...{
      name: 'tutti_event_listeners',
      help: 'Clients of the event stream and open pages of this process',
      registers: [registry],
    },
    collect() {
      this.set(events.size)
    },
  })
  return registry
}

function register(registry: Registry, { db }: Store, metric: Metric): void {
  const { name, help, labels } = metric
  const options = { name, help, labelNames: [...labels], registers: [registry] }
  if (metric.type === 'gauge') {
    new Gauge({
      ...options,
      async collect() {
        const samples = await samplesOf(db, metric)
        this.reset()
        for (const { labels, value } of samples) this.set(labels, value)
      },
    })
    return
  }
  new Counter({
    ...options,
    async collect() {
      const samples = await samplesOf(db, metric)
      this.reset()
      for (const { labels, value } of samples) this.inc(labels, value)
    },
  })
}
