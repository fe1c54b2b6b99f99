/** Clocks that are wrong by days, in either direction, or that jump: the database's clock decides about leases. */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectMergedOnce, untilDone, untilMerged } from '../support/facts.ts'
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

test.skipIf(!process.env.TEST_DATABASE_URL || !existsSync(library))(
  'the clock jumps by two days, back, and by an hour while an agent works, the gates run and a person looks: no attempt is lost, one merge (skipped where there is no faketime)',
  async () => {
    const settings = `agent: scripted
gates:
  commands: [{ name: tests, run: 'sleep 4', minutes: 2 }]
`
    const world = await openWorld({ start: false, hostProcesses: true, settings })
    const { github } = world
    const file = join(world.directory, 'time')
    const jump = (to: string) => writeFileSync(file, `${to}\n`)
    jump('+0')
    const tutti = await startProcess(world, {
      ...{ DATA_DIR: join(world.directory, 'data'), HEARTBEAT_TIMEOUT_SECONDS: '10', SWEEP_MINUTES: '0.05' },
      ...{
        LD_PRELOAD: library,
        FAKETIME_TIMESTAMP_FILE: file,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    })
    const reached = (state: string) =>
      github.until(() => tutti.lines.some(({ to }) => to === state), `an item is ${state}`, 120_000)
    /** Something is logged by the clock that was set: until then the jump may not have been seen. */
    const seen = (earliest: number, latest: number) => {
      const isShown = ({ time }: (typeof tutti.lines)[number]) =>
        time - Date.now() > earliest * 3_600_000 && time - Date.now() < latest * 3_600_000
      return github.until(() => tutti.lines.some(isShown), 'the clock has jumped', 120_000)
    }
    const issue = await world.queued('Write hello', 'pause 6000', 'write src/hello.txt: hello')
    await reached('running')
    jump('+2d')
    await reached('checking')
    await seen(47, 49)
    jump('-1h')
    await reached('reviewing')
    const pull = await world.pullRequestOf(issue)
    await seen(-1.1, -0.9)
    jump('+1h')
    // A second issue while the first waits: it is tried again a little later, and not in an hour.
    const second = await world.queued(
      'Write more',
      'attempt 1:',
      '  exit 1',
      'attempt 2+:',
      '  write src/more.txt: more',
    )
    await untilMerged(world, second)
    await seen(0.9, 1.1)
    expect(pull.pull.mergedAt).toBeNull()
    jump('-2d')
    await world.approveAndMerge(pull)
    await untilDone(world, issue)
    for (const one of [issue, second]) expectMergedOnce(world, one)
    expect(tutti.lines.filter(({ msg }) => / begins attempt \d/.test(msg)).length).toBe(3)
    expect(tutti.lines.filter(({ level }) => level >= 50)).toEqual([])
  },
  400_000,
)

test.skipIf(!process.env.TEST_DATABASE_URL || !existsSync(library))(
  'a Tutti whose clock is two days ahead of the database’s: what is tried again a little later is not tried in two days (skipped where there is no faketime)',
  async () => {
    const world = await openWorld({ start: false, hostProcesses: true })
    const tutti = await startProcess(world, {
      ...{ DATA_DIR: join(world.directory, 'data'), RETRY_DELAY_SECONDS: '2' },
      ...{ LD_PRELOAD: library, FAKETIME: '+2d', FAKETIME_DONT_FAKE_MONOTONIC: '1' },
    })
    const away = world.github.faults.api({
      route: 'POST /repos/{owner}/{repo}/pulls',
      times: 1,
      fault: { kind: 'status', status: 502 },
    })
    const issue = await world.queued(
      'Write hello',
      'attempt 1:',
      '  exit 1',
      'attempt 2+:',
      '  write src/hello.txt: hello',
    )
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
    expect(away.fired).toBe(1)
    expect(tutti.lines.filter(({ msg }) => / begins attempt \d/.test(msg)).length).toBe(2)
  },
  400_000,
)
