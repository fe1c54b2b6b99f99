/** The disk itself fails while an agent works: nothing is claimed that is not there, and the work goes on once it is mended. */

import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld } from '../support/world.ts'

/** Calls by which git's files come into being: an object, a ref, an index. */
const calls = 'link,linkat,rename,renameat,renameat2'

/** Of a process and all that it has started. */
function treeOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  )
  return [pid, ...children.flatMap(treeOf)]
}

/** From now on these calls end with EIO in the whole tree. @returns mends the disk, and says how many have failed. */
async function failFromNowOn(pid: number, trace: string): Promise<() => Promise<number>> {
  const pids = treeOf(pid)
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
    const gone = once(strace, 'exit')
    strace.kill('SIGINT')
    await gone
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
    const mend = await failFromNowOn(tutti.process.pid ?? 0, join(world.directory, 'trace'))
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
