/** The work of one Tutti split over processes that share nothing but a Postgres: one for people, two that run agents. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { processIn, startProcess, type TuttiProcess } from '../support/processes.ts'
import { asAdmin } from '../support/test-databases.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

/** Each process as on a machine of its own: another data directory. */
function start(world: World, name: string, ...args: string[]): Promise<TuttiProcess> {
  return startProcess(world, { DATA_DIR: join(world.directory, name), DRAIN_SECONDS: '60' }, ['--only', ...args])
}

const begins = (number: number, attempt: number) => (line: { msg: string }) =>
  line.msg.startsWith(`#${number}: `) && line.msg.endsWith(` begins attempt ${attempt}`)

/** How many runs have a log that every process can read. */
async function loggedRuns(world: World): Promise<number> {
  return asAdmin(world.env.DATABASE_URL ?? '', async (client) => {
    const { rows } = await client.query<{ runs: number }>(
      'select count(distinct run_id)::int as runs from run_log_pieces',
    )
    return rows[0]?.runs ?? 0
  })
}

// Embedded PGlite serves one process.
const onPostgres = test.skipIf(!process.env.TEST_DATABASE_URL)

onPostgres(
  'one web process and two runners: the runner at work is killed, the other one does it again; merged once',
  async () => {
    const world = await openWorld({ start: false, hostProcesses: true })
    const web = await start(world, 'web', 'web')
    const runners = await Promise.all([
      start(world, 'one', 'runner', '--slots', '1'),
      start(world, 'two', 'runner', '--slots', '1'),
    ])
    const issue = await world.queued(
      'Say hello',
      'attempt 1:',
      '  write src/kept.txt: of the first attempt',
      '  write src/hello.txt: BROKEN',
      'attempt 2:',
      '  wait-for never',
      'attempt 3+:',
      '  write src/hello.txt: hello',
    )
    const began = (attempt: number) => runners.find(({ lines }) => lines.some(begins(issue.number, attempt)))
    const worker = await world.github.until(() => began(2), 'the second attempt has begun', 60_000)
    expect(began(1), 'where the worktree is').toBe(worker)
    await worker.kill()
    const other = runners.find((one) => one !== worker)
    const pull = await untilMerged(world, issue)
    expectMergedOnce(world, issue)
    expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('hello\n')
    // It has never been on the server: the one runner has handed it to the other.
    expect(await world.fileAt(pull.pull.headSha, 'src/kept.txt')).toBe('of the first attempt\n')
    expect(world.status(issue)).toContain('runner lost (does not count)')
    expect(began(3)).toBe(other)
    expect(web.lines.filter((line) => / begins attempt /.test(line.msg))).toEqual([])

    // What the agents of both runners have printed can be read elsewhere; the one that was killed had not begun to.
    expect(await loggedRuns(world)).toBeGreaterThanOrEqual(2)

    // A runner answers for its health, and takes no webhooks.
    const health = await fetch(`${other?.url}/healthz`)
    expect(await health.json()).toMatchObject({ status: 'ok', role: 'runner', agents: 0 })
    expect((await fetch(`${other?.url}/api/github/webhooks`, { method: 'POST' })).status).toBe(404)

    // Asked to end, it lets its agent end first. What that has made is not lost with its disk.
    const go = join(world.directory, 'go')
    const last = await world.queued('Say bye', `wait-for ${go}`, 'write src/bye.txt: bye')
    await world.github.until(() => other?.lines.some(begins(last.number, 1)), 'the last agent is at work')
    const stopped = other?.stop()
    await world.github.until(() => other?.lines.some(({ msg }) => msg.includes('60 s for 1 agent;')), 'it waits')
    writeFileSync(go, '')
    await stopped
    expect(other?.lines.filter((line) => line.issue === last.number && line.to).map(({ to }) => to)).toEqual([
      'checking',
    ])
    await start(world, 'three', 'runner')
    const bye = await world.pullRequestOf(last)
    expect(await world.fileAt(bye.pull.headSha, 'src/bye.txt')).toBe('bye\n')
    await web.stop()
    expect([other?.process.exitCode, web.process.exitCode]).toEqual([0, 0])
  },
)

onPostgres(
  'a process that did everything stands still past its lease, and wakes up among others: nothing is mixed',
  async () => {
    const world = await openWorld({
      ...{ hostProcesses: true, start: false, env: { HEARTBEAT_TIMEOUT_SECONDS: '3' } },
      settings: plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 10'),
    })
    const one = await startProcess(world)
    const issue = await world.queued(
      'Say hello',
      'attempt 1:',
      '  write src/hello.txt: first',
      `  run echo $PPID > ${join(world.directory, 'agent')}; while echo old >> src/old.txt; do sleep 0.05; done`,
      'attempt 2+:',
      '  append src/hello.txt: second',
    )
    await world.github.until(() => processIn(join(world.directory, 'agent')), 'the agent is at work')
    one.process.kill('SIGSTOP')
    onTestFinished(() => void one.process.kill('SIGCONT'))
    await start(world, 'web', 'web')
    const two = await start(world, 'two', 'runner')
    const pull = await world.pullRequestOf(issue)
    expect(two.lines.some(begins(issue.number, 2))).toBe(true)
    expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('second\n')
    await expect(world.fileAt(pull.pull.headSha, 'src/old.txt')).rejects.toThrow()

    one.process.kill('SIGCONT')
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
    await world.github.until(() => one.lines.some((line) => /lease of a run was lost/.test(line.msg)), 'it noticed')
    // Its own tree was not thrown away with what the agent had written.
    await world.untilStatus(issue, 'Work that is on no branch was kept')
  },
)
