/** What only a database server allows: several Tutti processes on it, and its connections being cut. */

import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld } from '../support/world.ts'

// Embedded PGlite serves one process and has no connections to cut.
const onPostgres = test.skipIf(!process.env.TEST_DATABASE_URL)

onPostgres('two processes share the work: every issue has one comment and one pull request', async () => {
  const world = await openWorld({ start: false, env: { SHARE_DATA_DIR: 'true' } })
  const [one, two] = [await startProcess(world), await startProcess(world)]
  const titles = ['first', 'second', 'third', 'fourth']
  const issues = await Promise.all(titles.map((title) => world.queued(title, `write src/${title}.txt: ${title}`)))
  for (const issue of issues) await untilMerged(world, issue)
  for (const issue of issues) expectMergedOnce(world, issue)
  const moves = [one, two].map(({ lines }) => lines.filter((line) => line.to !== undefined).length)
  expect(Math.min(...moves), 'both have moved items').toBeGreaterThan(0)

  // One of them dies in the middle of an agent's work; the other goes on with it.
  const last = await world.queued('fifth', 'attempt 1:', '  wait-for never', 'attempt 2+:', '  write src/fifth: fifth')
  const runner = await world.github.until(
    () => [one, two].find(({ lines }) => lines.some((line) => line.issue === last.number && line.to === 'running')),
    'someone has started the agent',
  )
  const other = runner === one ? two : one
  world.github.setWebhookUrl(`${other.url}/api/github/webhooks`)
  await runner.kill()
  await untilMerged(world, last)
  expectMergedOnce(world, last)
})

onPostgres('every connection is cut, again and again: the journey ends, and the process lives', async () => {
  // A webhook that could not be stored is asked for again, a run whose end could not be written is taken over: both
  // sooner than by default.
  const world = await openWorld({
    start: false,
    env: { SWEEP_MINUTES: '0.05', IDLE_SWEEP_MINUTES: '0.05', HEARTBEAT_TIMEOUT_SECONDS: '5' },
  })
  const tutti = await startProcess(world)
  const url = new URL(world.env.DATABASE_URL ?? '')
  const admin = new pg.Client({ connectionString: Object.assign(new URL(url), { pathname: '/postgres' }).href })
  await admin.connect()
  let going = true
  let cut = 0
  const cutting = (async () => {
    while (going) {
      const name = url.pathname.slice(1)
      const ended = await admin.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [
        name,
      ])
      cut += ended.rowCount ?? 0
      await wait(1_000)
    }
  })()
  onTestFinished(async () => {
    going = false
    await cutting
    await admin.end()
  })
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello', 'pause 1000')
  await untilMerged(world, issue)
  going = false
  expect(cut).toBeGreaterThan(10)
  expectMergedOnce(world, issue)
  expect(tutti.process.exitCode).toBeNull()
  await tutti.stop()
  expect(tutti.process.exitCode).toBe(0)
  expect(tutti.lines.filter((line) => line.level >= 60)).toEqual([])
})
