/** A process whose main thread stands still is ended from within; one that is only busy is not. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const module = fileURLToPath(new URL('../../../src/lib/event-loop-watch.ts', import.meta.url))

async function runWatched(seconds: number, then: string): Promise<{ ended: number | string | null; said: string }> {
  const directory = mkdtempSync(join(tmpdir(), 'tutti-hang-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const program = join(directory, 'program.mjs')
  const start = `const end = watchEventLoop(${seconds}, { warn: ({ err }) => console.log(err) })`
  writeFileSync(program, `import { watchEventLoop } from ${JSON.stringify(module)}\n${start}\n${then}\n`)
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (bytes: Buffer) => (said += bytes.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null]
  return { ended: signal ?? code, said }
}

test('a main thread that comes back no more is the end of its process, and the log says why', async () => {
  const { ended, said } = await runWatched(0.5, 'setTimeout(() => { for (;;); }, 100)')
  expect(ended).toBe('SIGKILL')
  expect(JSON.parse(said)).toMatchObject({ level: 60, msg: expect.stringContaining('nothing was answered for 0.5 s') })
})

test('one that is busy and comes by now and then goes on, and so does one that stood still as a whole', async () => {
  const program = `
    import { spawn } from 'node:child_process'
    const block = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    for (let turn = 0; turn < 7; turn++) { block(200); await new Promise((go) => setTimeout(go, 1)) }
    spawn('sh', ['-c', 'kill -STOP $0; sleep 1.5; kill -CONT $0', String(process.pid)], { stdio: 'ignore' })
    await new Promise((go) => setTimeout(go, 1_700))
    await end()
    console.log('ended in order')`
  expect(await runWatched(1, program)).toEqual({ ended: 0, said: 'ended in order\n' })
})

test('without a time nothing is watched', async () => {
  const program = `setTimeout(() => {
    const end = performance.now() + 800
    while (performance.now() < end);
    console.log('went on')
  }, 100)`
  expect(await runWatched(0, program)).toEqual({ ended: 0, said: 'went on\n' })
})
