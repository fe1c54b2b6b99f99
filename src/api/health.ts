/** What the web server answers besides webhooks: health for machines, a welcome for people. */

import { setTimeout as wait } from 'node:timers/promises'
import { sql } from 'drizzle-orm'
import { Hono } from 'hono'
import type { Store } from '../db/connect.ts'
import type { ProcessRole } from '../domain/process-role.ts'

export interface ProcessHealth {
  /** `starting` until GitHub has identified the app; `draining` while it begins nothing new, and lets its work end. */
  phase: 'starting' | 'serving' | 'draining' | 'stopping'
  /** What this process does. */
  role: ProcessRole
  agents(): number
  /** How many seconds ago this process last wrote its heartbeat; undefined before the first time. */
  silentSeconds(): number | undefined
  /** Whether deliveries are signed with WEBHOOK_SECRET. */
  webhooks: { secret: 'unproven' | 'fits' | 'does not fit'; refused: number }
  /** Whether agents, gates and set-up steps run in a sandbox; undefined before that is known. */
  sandbox?: { mode: string; on: boolean; why?: string; install?: string }
}

/** The health of a process that has not identified itself yet. */
export function startingHealth(role: ProcessRole): ProcessHealth {
  return {
    phase: 'starting',
    role,
    agents: () => 0,
    silentSeconds: () => undefined,
    webhooks: { secret: 'unproven', refused: 0 },
  }
}

/** The routes. They need no login, so they show only that the service runs. */
export function healthPages(store: Pick<Store, 'db'>, health: ProcessHealth): Hono {
  const app = new Hono()
  app.get('/', (context) =>
    context.text(
      'Tutti is running. Label an issue, or say /help in a comment, in a repository where it is installed.\n',
    ),
  )
  app.get('/healthz', async (context) => {
    const database = await reachable(store)
    const ok = database && (health.phase === 'serving' || health.phase === 'draining')
    const heartbeatSecondsAgo = health.silentSeconds() ?? null
    const status = ok && health.phase === 'serving' ? 'ok' : health.phase
    return context.json(
      {
        ...{
          status,
          role: health.role,
          database: database ? 'ok' : 'away',
          heartbeatSecondsAgo,
          agents: health.agents(),
        },
        webhooks: health.webhooks,
        sandbox: sandboxOf(health),
      },
      ok ? 200 : 503,
    )
  })
  // Whether requests should be sent here: while it starts, stops or has no database, they should not.
  app.get('/readyz', async (context) => {
    const ready = health.phase === 'serving' && (await reachable(store))
    return context.json({ ready, phase: health.phase }, ready ? 200 : 503)
  })
  return app
}

/** Also for those without a login: whether there is one, and what is missing, but no path of this machine. */
function sandboxOf({ sandbox }: ProcessHealth) {
  if (!sandbox) return null
  const { mode, on, why } = sandbox
  return { mode, on, ...(why === undefined ? {} : { why }) }
}

/** Whoever asks for health waits two seconds at most: a database that takes longer counts as away. */
const answerMs = 1_500

async function reachable(store: Pick<Store, 'db'>): Promise<boolean> {
  const stop = new AbortController()
  const answered = Promise.resolve(store.db.execute(sql`select 1`)).then(
    () => true,
    () => false,
  )
  const late = wait(answerMs, false, { signal: stop.signal }).catch(() => false)
  try {
    return await Promise.race([answered, late])
  } finally {
    stop.abort()
  }
}
