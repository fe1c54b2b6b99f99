import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AgentUsage } from '../../../src/agents/drivers/agent-run.ts'
import { bench, isAlive, ownWarden } from '../../support/agent-bench.ts'

const limits = { totalMs: 60_000, idleMs: 60_000, outputBytes: 2 ** 40, graceMs: 400 }

/** The threads that this process starts from now on. */
function threadsFromNow(): Worker[] {
  const threads: Worker[] = []
  const keep = (worker: Worker) => void threads.push(worker)
  process.on('worker', keep)
  onTestFinished(async () => {
    process.off('worker', keep)
    // What a failed test leaves would be shared by the next one.
    await Promise.all(threads.map((thread) => thread.terminate()))
  })
  return threads
}

describe('a supervisor in a thread of its own', () => {
  it('is another thread, which ends with its agent', async () => {
    const { script, log } = await bench()
    const threads = threadsFromNow()
    const seen: number[] = []
    const onThread = (id: number) => void seen.push(id)
    expect(await script('say hello', { onThread })).toMatchObject({ kind: 'finished' })
    expect([seen, threads]).toEqual([[], []])
    expect(await script('say hello', { inThread: true, onThread })).toMatchObject({
      kind: 'finished',
      summary: 'hello',
    })
    expect(threads).toHaveLength(1)
    expect(seen).toEqual([expect.any(Number)])
    // Node gives an ended thread this number.
    expect(threads[0]?.threadId).toBe(-1)
    expect(log().match(/ended: finished/g)).toHaveLength(2)
  })

  it('starts nothing when it is stopped while it is loading', async () => {
    const { script, log } = await bench()
    const stop = new AbortController()
    const ended = script('say hello', { inThread: true, signal: stop.signal })
    stop.abort()
    expect(await ended).toEqual({ kind: 'stopped' })
    expect(() => log()).toThrow('ENOENT')
  })

  it('tells what the agent has used, also when it ends badly', async () => {
    const { script } = await bench({ inThread: true })
    const used: AgentUsage[] = []
    const onUsage = (usage: AgentUsage) => void used.push(usage)
    const steps = 'usage 1 10 0.1\nusage 2 10 0.2\nusage 3 10 0.3\nexit 3'
    expect(await script(steps, { onUsage })).toMatchObject({ kind: 'crashed' })
    expect(used.at(-1)?.cost).toEqual({ amount: 0.3, currency: 'USD' })
  })

  it('asks no one else what the agent may do', async () => {
    const { cwd, script, updates } = await bench({ inThread: true })
    const steps = `ask edit ${cwd}/a.txt\nask read ${cwd}/a.txt`
    expect(await script(steps, { permissions: 'reading-only' })).toMatchObject({ kind: 'finished' })
    expect(updates.flatMap((one) => (one.kind === 'permission' ? [one.allowed] : []))).toEqual([false, true])
  })

  it('tells the reaper of its agent, and that nothing is left', async () => {
    const { reaper, script, saw } = await bench({ reaper: ownWarden(), inThread: true })
    const reported: string[] = []
    const { watch, forget } = reaper
    reaper.watch = (id, root) => {
      reported.push(`watch ${isAlive(root.pid)}`)
      watch(id, root)
    }
    reaper.forget = (id) => {
      reported.push('forget')
      forget(id)
    }
    const stop = new AbortController()
    const ended = script('say waiting\nwait-for never', { signal: stop.signal })
    await saw((update) => update.kind === 'text')
    expect(reported).toEqual(['watch true'])
    stop.abort()
    expect(await ended).toEqual({ kind: 'stopped' })
    expect(reported).toEqual(['watch true', 'forget'])
  })
})

describe('many agents', () => {
  it('share eight threads; a lost one loses the agents in it and no others', async () => {
    const threads = threadsFromNow()
    const agents = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const agent = await bench({ inThread: true })
        let thread = 0
        const onThread = (id: number) => {
          thread = id
        }
        const ended = agent.script('run echo yes > begun\nwait-for go\nsay done', { onThread, limits })
        return { ...agent, ended, thread: () => thread }
      }),
    )
    for (const { file } of agents) await file('begun')
    expect(threads).toHaveLength(8)
    // The benches are ready in any order, so the first of the list need not be the first of a thread.
    const shared = agents.find((one) => agents.some((other) => other !== one && other.thread() === one.thread()))
    const together = agents.filter((agent) => agent.thread() === shared?.thread())
    expect(together).toHaveLength(2)
    await threads.find(({ threadId }) => threadId === shared?.thread())?.terminate()
    for (const { ended } of together) expect(await ended).toMatchObject({ kind: 'supervisor-lost' })
    for (const agent of agents) {
      if (together.includes(agent)) continue
      await writeFile(join(agent.cwd, 'go'), '')
      expect(await agent.ended).toMatchObject({ kind: 'finished', summary: 'done' })
    }
    expect(threads.every(({ threadId }) => threadId === -1)).toBe(true)
  })
})

describe('a thread that is lost', () => {
  it('takes its agent along, however that tries to stay', async () => {
    const { script, file, log } = await bench({ inThread: true })
    const threads = threadsFromNow()
    let root = 0
    const onStarted = ({ pid }: { pid: number }) => {
      root = pid
    }
    const ended = script('ignore-sigterm\nspawn child.pid detached\nhang', { onStarted })
    const child = Number(await file('child.pid'))
    expect([isAlive(root), isAlive(child)]).toEqual([true, true])
    await threads[0]?.terminate()
    expect(await ended).toEqual({ kind: 'supervisor-lost', message: 'it ended without a word' })
    expect([isAlive(root), isAlive(child)]).toEqual([false, false])
    expect(log()).toContain('the thread that supervised the agent was lost: it ended without a word')
  })

  it('by a fault of ours: the agent is gone, the fault is reported, this thread goes on', async () => {
    const { run } = await bench({ inThread: true })
    let root = 0
    const onStarted = ({ pid }: { pid: number }) => {
      root = pid
    }
    const outcome = await run({ prompt: undefined as unknown as string, onStarted })
    expect(outcome).toMatchObject({ kind: 'supervisor-lost', message: expect.stringContaining('argument') })
    expect(root).toBeGreaterThan(1)
    expect(isAlive(root)).toBe(false)
  })

  it('for want of memory: reported like any other fault', async () => {
    const { script, log } = await bench({ inThread: true })
    // Not even its modules fit.
    expect(await script('say hello', { threadMemoryMb: 6 })).toMatchObject({
      kind: 'supervisor-lost',
      message: expect.stringContaining('reaching memory limit'),
    })
    expect(log()).toMatch(/supervised the agent was lost: .*memory limit/)
  })

  it('after it was asked to stop is a stop', async () => {
    const { script, saw } = await bench({ inThread: true })
    const threads = threadsFromNow()
    const stop = new AbortController()
    const ended = script('say waiting\nignore-sigterm\nstop-reading\nhang', { signal: stop.signal, limits })
    await saw((update) => update.kind === 'text')
    stop.abort()
    await threads[0]?.terminate()
    expect(await ended).toEqual({ kind: 'stopped' })
  })
})
