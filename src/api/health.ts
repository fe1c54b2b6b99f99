/** What the web server answers besides webhooks: health for machines, a welcome for people. */

import { sql } from 'drizzle-orm'
import { Hono } from 'hono'
import type { Store } from '../db/connect.ts'

export interface ProcessHealth {
  /** `starting` until GitHub has identified the app. */
  phase(): 'starting' | 'serving' | 'stopping'
  agents(): number
}

/** The routes. They need no login, so they show only that the service runs. */
export function healthPages(store: Store, health: ProcessHealth): Hono {
  const app = new Hono()
  app.get('/', (context) =>
    context.text(
      'Tutti is running. Label an issue, or say /help in a comment, in a repository where it is installed.\n',
    ),
  )
  app.get('/healthz', async (context) => {
    const database = await reachable(store)
    const ok = database && health.phase() === 'serving'
    return context.json(
      { status: ok ? 'ok' : health.phase(), database: database ? 'ok' : 'away', agents: health.agents() },
      ok ? 200 : 503,
    )
  })
  app.notFound((context) => context.text('Nothing is here.\n', 404))
  return app
}

async function reachable(store: Store): Promise<boolean> {
  try {
    await store.db.execute(sql`select 1`)
    return true
  } catch {
    return false
  }
}
