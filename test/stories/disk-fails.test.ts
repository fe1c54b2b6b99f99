/** The disk itself fails: nothing is claimed that is not there, and the work goes on once it is mended. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld } from '../support/world.ts'

/** Calls by which git's files come into being: an object, a ref, an index. */
const filesComeIntoBeing = 'link,linkat,rename,renameat,renameat2'

/** Of a process and all that it has started. */
function treeOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(treeOf)]
}

/** From now on these calls end with EIO in these processes. @returns mends the disk, and says how many have failed. */
async function failFromNowOn(pids: number[], calls: string, trace: string): Promise<() => Promise<number>> {
  const rules = ['-e', `trace=${calls}`, '-e', `inject=${calls}:error=EIO`]
  const strace = spawn('strace', ['-f', '-o', trace, ...rules, ...pids.flatMap((one) => ['-p', String(one)])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  onTestFinished(() => void strace.kill('SIGINT'))
  let said = ''
  await new Promise<void>((resolve) => {
    strace.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString()
      if (said.split('attached').length > pids.length) resolve()
    })
  })
  return async () => {
    // It ends by itself with the last of them.
    if (strace.exitCode === null) {
      const gone = once(strace, 'exit')
      strace.kill('SIGINT')
      await gone
    }
    return readFileSync(trace, 'utf8').split('EIO').length - 1
  }
}

const strace = (() => {
  try {
    return execFileSync('strace', ['-V']).length > 0
  } catch {
    return false
  }
})()

test.skipIf(!strace || !process.env.TEST_DATABASE_URL || process.getuid?.() !== 0)(
  'a disk that answers EIO when the work of an agent is committed: the issue says so, and is merged once it is mended (skipped where there is no strace)',
  async () => {
    const world = await openWorld({ start: false })
    const { github } = world
    const tutti = await startProcess(world, { DATA_DIR: join(world.directory, 'data') })
    const go = join(world.directory, 'go')
    const issue = await world.queued('Say hello', `wait-for ${go}`, 'write src/hello.txt: hello')
    const isAtWork = () => tutti.lines.some(({ msg }) => msg === 'the session of an agent is open')
    await github.until(isAtWork, 'an agent works', 120_000)
    const mend = await failFromNowOn(treeOf(tutti.process.pid ?? 0), filesComeIntoBeing, join(world.directory, 'trace'))
    writeFileSync(go, '')
    await github.until(() => tutti.lines.some(({ from }) => from === 'running'), 'the attempt has ended', 120_000)
    expect(await mend()).toBeGreaterThan(0)
    const ended = tutti.lines.find(({ from }) => from === 'running')
    expect(ended).toMatchObject({ to: 'ready', why: expect.stringContaining('the machine failed, not the work') })
    expect(tutti.lines.some(({ level }) => level >= 40)).toBe(true)
    const pull = await untilMerged(world, issue)
    expectMergedOnce(world, issue)
    expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('hello\n')
  },
  400_000,
)

test.skipIf(!strace || process.getuid?.() !== 0)(
  'the embedded database on a disk that answers EIO: the process says so and ends by itself, and another one goes on (skipped where there is no strace)',
  async () => {
    const world = await openWorld({ start: false })
    const env = { DATA_DIR: join(world.directory, 'data'), DATABASE_URL: '', HANG_SECONDS: '3' }
    const tutti = await startProcess(world, env)
    const ended = once(tutti.process, 'exit')
    const mend = await failFromNowOn([tutti.process.pid ?? 0], 'pwrite64', join(world.directory, 'trace'))
    const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
    expect(await ended).toEqual([null, 'SIGKILL'])
    expect(await mend()).toBeGreaterThan(0)
    expect(tutti.lines.at(-1)).toMatchObject({
      level: 60,
      msg: expect.stringContaining('nothing was answered for 3 s'),
    })
    await startProcess(world, env)
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
  },
  400_000,
)
