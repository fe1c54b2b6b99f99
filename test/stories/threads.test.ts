/** Supervisors in threads of their own: where many agents work, and where the settings ask for it. */

import { existsSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot, pullsOf } from '../support/facts.ts'
import { isAlive, processIn } from '../support/processes.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const patient = plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 2')
const inThreads = `${patient}schedule: { mode: parallel-threads }\n`

/** The threads that are started from now on in this process, which is Tutti's. */
function threadsFromNow(): Worker[] {
  const threads: Worker[] = []
  const keep = (worker: Worker) => void threads.push(worker)
  process.on('worker', keep)
  onTestFinished(() => void process.off('worker', keep))
  return threads
}

/** Whether Node has taken down a thread; it gives such a one the number -1. */
const hasEnded = (thread: Worker) => thread.threadId === -1

/** The issues whose agents were put in threads, by Tutti's log. */
const reported = ({ logged }: World) =>
  logged.filter((line) => line.msg === 'an agent is supervised in another thread').map((line) => line.issue)

/** An agent that leaves half of its work, has a child that clings, and waits for ever; the next attempt does the rest. */
async function waiting(world: World) {
  const files = { agent: join(world.directory, 'agent.pid'), child: join(world.directory, 'child.pid') }
  const issue = await world.queued(
    'Wait for ever',
    'attempt 1:',
    'write src/half.txt: half',
    `run echo $PPID > ${files.agent}`,
    `spawn ${files.child} detached`,
    'wait-for never',
    'attempt 2+:',
    'append src/half.txt: whole',
  )
  const both = await world.github.until(
    () => {
      const [agent, child] = [processIn(files.agent), processIn(files.child)]
      return agent && child && [agent, child]
    },
    'the agent and its child are at work',
    60_000,
  )
  const gone = () => world.github.until(() => !both.some(isAlive), 'both are gone', 60_000)
  return { issue, gone }
}

test('six agents at once: those past the fourth are supervised in threads, and /next says which', async () => {
  const world = await openWorld({ hostProcesses: true, settings: patient, env: { MAX_AGENTS: '6' } })
  const { directory, github, maintainer, repository } = world
  const threads = threadsFromNow()
  const gate = join(directory, 'gate')
  const issues: Issue[] = []
  for (const n of [1, 2, 3, 4, 5, 6]) {
    const script = [`write src/${n}.txt: ${n}`, `run touch ${join(directory, `at-work-${n}`)}`, `wait-for ${gate}`]
    issues.push(await world.queued(`Write ${n}`, ...script))
  }
  const atWork = () => [1, 2, 3, 4, 5, 6].every((n) => existsSync(join(directory, `at-work-${n}`)))
  await github.until(atWork, 'six agents are at work', 80_000)

  // How many have come before it when an agent begins is not known, but the last two come after four others.
  const inThread = reported(world).toSorted()
  expect(inThread.length).toBeGreaterThanOrEqual(2)
  expect(threads).toHaveLength(inThread.length)
  expect(threads.some(hasEnded)).toBe(false)
  const [first] = issues
  if (!first) throw new Error('no issue')
  await maintainer.comment(repository, first.number, '/next')
  const words = inThread.map((number) => `#${number}`).join(', ')
  const next = await world.untilStatus(first, `Supervised in other threads: ${words}.`)
  expect(next).toContain('Being worked on: #1, #2, #3, #4, #5, #6. Mode: `parallel-threads`, chosen by itself.')

  await writeFile(gate, '')
  for (const [at, issue] of issues.entries()) {
    const pull = await world.pullRequestOf(issue)
    expect(await world.fileAt(pull.pull.headSha, `src/${at + 1}.txt`)).toBe(`${at + 1}\n`)
  }
  // Nothing is kept for later.
  await github.until(() => threads.every(hasEnded), 'the threads have ended')
  expect(github.unknown).toEqual([])
})

test('a thread that is lost: its agent is gone, the attempt does not count, the next goes on in the same tree', async () => {
  const world = await openWorld({ hostProcesses: true, settings: inThreads })
  const threads = threadsFromNow()
  const { issue, gone } = await waiting(world)
  expect(reported(world)).toEqual([issue.number])
  expect(threads).toHaveLength(1)
  await threads[0]?.terminate()
  await gone()
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/half.txt')).toBe('half\nwhole\n')
  const status = world.status(issue)
  expect(status).toContain('(scripted)**: runner lost (does not count)')
  expect(status).toContain('The thread that supervised the agent ended: it ended without a word.')
  expect(status).toContain('Attempts: 1 of 4 used')
  expect(reported(world)).toEqual([issue.number, issue.number])
  expect(world.logged.map((line) => line.msg)).toContain(
    'the thread that supervised an agent was lost; the agent was ended',
  )
  expect(pullsOf(world, issue)).toHaveLength(1)
  expect(byBot(issue)).toHaveLength(1)
})

test('/stop reaches an agent in a thread', async () => {
  const world = await openWorld({ hostProcesses: true, settings: inThreads })
  const threads = threadsFromNow()
  const { issue, gone } = await waiting(world)
  expect(threads).toHaveLength(1)
  await world.maintainer.comment(world.repository, issue.number, '/stop')
  await gone()
  await world.untilStatus(issue, /⏸ Paused[\s\S]*Stopped by maintainer, in attempt 1/)
  await world.github.until(() => threads.every(hasEnded), 'the thread has ended')
  await world.maintainer.comment(world.repository, issue.number, '/resume')
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/half.txt')).toBe('half\nwhole\n')
})

test('an agent in a thread ends with Tutti, and its work goes on after the next start', async () => {
  const world = await openWorld({ hostProcesses: true, settings: inThreads })
  const threads = threadsFromNow()
  const { issue, gone } = await waiting(world)
  await world.stopTutti()
  await gone()
  expect(threads.map(hasEnded)).toEqual([true])
  const log = readFileSync(join(world.directory, 'data', 'logs', 'run-1.log'), 'utf8')
  expect(log).toContain('ended: stopped')
  await world.startTutti()
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/half.txt')).toBe('half\nwhole\n')
  expect(world.status(issue)).toContain('Attempts: 1 of 4 used')
})
