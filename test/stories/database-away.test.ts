/** The database is away at start, its connections are cut, and it falls silent: what operators and supervisors see. */

import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { startProcess } from '../support/processes.ts'
import { startTcpProxy, throughProxy } from '../support/tcp-proxy.ts'
import { openWorld, type World } from '../support/world.ts'

// Embedded PGlite is in the process itself.
const onPostgres = test.skipIf(!process.env.TEST_DATABASE_URL)

async function behindProxy(world: World) {
  const url = world.env.DATABASE_URL ?? ''
  const proxy = await startTcpProxy({ host: '127.0.0.1', port: Number(new URL(url).port || 5432) })
  onTestFinished(() => proxy.close())
  return { proxy, env: { DATABASE_URL: throughProxy(url, proxy) } }
}

onPostgres(
  'a start waits for its database, lives through cut connections, and ends when it stays away',
  async () => {
    const world = await openWorld({ start: false })
    const { proxy, env } = await behindProxy(world)
    proxy.away = true
    const starting = startProcess(world, { ...env, DATABASE_TIMEOUT_SECONDS: '12' })
    await expect.poll(() => proxy.refused, { timeout: 60_000 }).toBeGreaterThan(1)
    proxy.away = false
    const tutti = await starting
    const waiting = tutti.lines.filter((line) => line.msg.startsWith('the database cannot be reached'))
    expect(waiting.length).toBeGreaterThan(0)
    expect(waiting.every((line) => !('err' in line) && !line.msg.includes('\n'))).toBe(true)

    // More begins are cut than the pool has places.
    proxy.cutWhen = (sent) => proxy.cuts < 12 && sent.includes('begin')
    await expect.poll(() => proxy.cuts, { timeout: 60_000 }).toBe(12)
    const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
    await world.pullRequestOf(issue)

    // Nothing is refused, and nothing is answered: half-open, as behind a router that died.
    proxy.silent = true
    const health = await fetch(`${tutti.url}/healthz`)
    expect(health.status).toBe(503)
    expect(await health.json()).toMatchObject({ database: 'away', heartbeatSecondsAgo: expect.any(Number) })
    const child = tutti.process
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(1)
    const last = tutti.lines.filter((line) => line.level >= 60)
    expect(last.map((line) => line.msg)).toEqual([
      expect.stringContaining('the database could not be reached for 12 s; this process ends'),
    ])

    // Started again, as a supervisor would, it goes on; and it ends on SIGTERM while the database says nothing.
    proxy.silent = false
    const next = await startProcess(world, { ...env, DATABASE_TIMEOUT_SECONDS: '600' })
    expect((await fetch(`${next.url}/healthz`)).status).toBe(200)
    proxy.silent = true
    await next.stop()
    expect(next.process.signalCode).toBeNull()
  },
  240_000,
)
