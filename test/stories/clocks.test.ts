/** Runners whose clocks are wrong by days, in either direction: the database's clock decides about leases. */

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld } from '../support/world.ts'

const library = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1'

test.skipIf(!process.env.TEST_DATABASE_URL || !existsSync(library))(
  'one runner is two days ahead, one an hour behind: no run is taken from either, each issue is merged once (skipped where there is no faketime)',
  async () => {
    const world = await openWorld({ start: false, hostProcesses: true, env: { HEARTBEAT_TIMEOUT_SECONDS: '5' } })
    const web = await startProcess(world, { DATA_DIR: join(world.directory, 'web') }, ['--only', 'web'])
    const runners = []
    for (const FAKETIME of ['+2d', '-1h']) {
      const more = { LD_PRELOAD: library, FAKETIME, FAKETIME_DONT_FAKE_MONOTONIC: '1' }
      const place = { DATA_DIR: join(world.directory, `runner${FAKETIME}`) }
      runners.push(await startProcess(world, { ...place, ...more }, ['--only', 'runner', '--slots', '1']))
    }
    const issues = []
    for (const name of ['one', 'two'])
      issues.push(await world.queued(`Write ${name}`, 'pause 8000', `write src/${name}.txt: ${name}`))
    for (const issue of issues) {
      await untilMerged(world, issue)
      expectMergedOnce(world, issue)
      expect(world.status(issue)).not.toContain('runner lost')
    }
    for (const { lines } of runners) expect(lines.filter(({ msg }) => / begins attempt 1/.test(msg)).length).toBe(1)
    expect([web, ...runners].flatMap(({ lines }) => lines.filter(({ level }) => level >= 50))).toEqual([])
  },
  400_000,
)
