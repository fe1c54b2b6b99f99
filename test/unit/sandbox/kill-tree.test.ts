import { spawn } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { processTable } from '../../../src/lib/process-table.ts'
import { killTrees, signalOne, treeMembers } from '../../../src/sandbox/kill-tree.ts'
import { killStrays } from '../../../src/sandbox/run-markers.ts'
import { bench, isAlive, ownWarden, places, scratch, until } from '../../support/agent-bench.ts'

const pidOf = (text: string) => Number(text.trim())

describe('the end of a run', () => {
  it.each(places)('ends what the agent left running, however it tried to get away ($place)', async ({ inThread }) => {
    const { script, file } = await bench({ inThread })
    const outcome = await script(
      ['spawn plain.pid', 'spawn far.pid detached', 'spawn group.pid clean', 'say done'].join('\n'),
    )
    expect(outcome).toMatchObject({ kind: 'finished' })
    for (const name of ['plain.pid', 'far.pid', 'group.pid']) expect(isAlive(pidOf(await file(name))), name).toBe(false)
  })

  it.each(places)('leaves nothing that still writes into the worktree ($place)', async ({ inThread }) => {
    const { cwd, script, file } = await bench({ inThread })
    await script('spawn beat.pid detached beat=beats\nwait-for beats\nsay done')
    const before = await file('beats')
    expect(isAlive(pidOf(await file('beat.pid')))).toBe(false)
    await writeFile(join(cwd, 'marker'), '')
    expect(await file('beats')).toBe(before)
  })

  it.each(places)(
    'stops an agent that listens: cancelled in the protocol, then gone ($place)',
    async ({ inThread }) => {
      const { script, saw, log } = await bench({ inThread })
      const stop = new AbortController()
      const limits = { totalMs: 30_000, idleMs: 30_000, outputBytes: 1e6, graceMs: 20_000 }
      const ended = script('say waiting\nwait-for never', { signal: stop.signal, limits })
      await saw((update) => update.kind === 'text')
      const before = Date.now()
      stop.abort()
      expect(await ended).toEqual({ kind: 'stopped' })
      // Without the word of the protocol it would be half of the grace time before SIGTERM.
      expect(Date.now() - before).toBeLessThan(5000)
      expect(log()).toContain('ended: stopped')
    },
  )

  it.each(places)(
    'stops an agent that ignores the protocol and SIGTERM, with its children ($place)',
    async ({ inThread }) => {
      const { script, file } = await bench({ inThread })
      const stop = new AbortController()
      let root = 0
      const ended = script('ignore-sigterm\nstop-reading\nspawn child.pid detached\nhang', {
        signal: stop.signal,
        onStarted: ({ pid }) => {
          root = pid
        },
      })
      const child = pidOf(await file('child.pid'))
      stop.abort()
      expect(await ended).toEqual({ kind: 'stopped' })
      expect([isAlive(root), isAlive(child)]).toEqual([false, false])
    },
  )

  it.each(places)('does not start at all when it was stopped before ($place)', async ({ inThread }) => {
    const { script } = await bench({ inThread })
    let started = 0
    const onStarted = () => {
      started += 1
    }
    expect(await script('say hello', { signal: AbortSignal.abort(), onStarted })).toEqual({ kind: 'stopped' })
    expect(started).toBe(0)
  })
})

describe('strays of an earlier life', () => {
  it('are killed at the start; the present life is spared', async () => {
    const earlier = await bench({ reaper: ownWarden() })
    const stop = new AbortController()
    const ended = earlier.script('spawn far.pid detached\nhang', { signal: stop.signal })
    const stray = pidOf(await earlier.file('far.pid'))
    const { instanceId, lifeId } = earlier.reaper
    expect((await killStrays(instanceId, ['another-life', lifeId])).signalled).toBe(0)
    expect(isAlive(stray)).toBe(true)
    const result = await killStrays(instanceId, ['another-life'])
    expect(result).toMatchObject({ survivors: [] })
    expect(result.signalled).toBeGreaterThanOrEqual(2)
    expect(isAlive(stray)).toBe(false)
    stop.abort()
    await ended
    await expect(killStrays('a b\0c', [])).rejects.toThrow('cannot mark')
  })
})

describe('a made-up process table', () => {
  const stat = (pid: number, ppid: number, group: number, start: number, state = 'S', name = 'a) b') =>
    `${pid} (${name}) ${state} ${ppid} ${group} ${group} ${'0 '.repeat(15)}${start} 0 0`

  async function fakeProc(processes: Record<number, { stat: string; environ?: string }>): Promise<string> {
    const root = await scratch()
    await mkdir(join(root, 'self'))
    await mkdir(join(root, 'sys/kernel/random'), { recursive: true })
    await writeFile(join(root, 'sys/kernel/random/boot_id'), 'boot\n')
    for (const [pid, record] of Object.entries(processes)) {
      await mkdir(join(root, pid))
      await writeFile(join(root, pid, 'stat'), record.stat)
      await writeFile(join(root, pid, 'environ'), record.environ ?? '')
    }
    return root
  }

  it('is read as proc_pid_stat(5) says, zombies left out', async () => {
    const table = processTable(
      await fakeProc({ 70: { stat: stat(70, 7, 69, 1234) }, 71: { stat: stat(71, 70, 69, 1, 'Z') } }),
    )
    expect(table.list()).toEqual([{ pid: 70, ppid: 7, pgid: 69, sid: 69, startTime: 'boot:1234' }])
    expect(table.find(71)).toBeUndefined()
    expect(table.find(72)).toBeUndefined()
  })

  it('never counts a stranger who got the process id, nor a marker that only looks alike', async () => {
    const table = processTable(
      await fakeProc({
        500: { stat: stat(500, 1, 500, 999) },
        501: { stat: stat(501, 500, 500, 1000) },
        502: { stat: stat(502, 1, 502, 5), environ: 'A=1\0TUTTI_RUN=r10\0' },
        503: { stat: stat(503, 1, 503, 6), environ: 'B=TUTTI_RUN=r1\0X_TUTTI_RUN=r1\0' },
      }),
    )
    const target = { root: { pid: 500, startTime: 'boot:111' }, marker: 'TUTTI_RUN=r1' }
    expect([...treeMembers([target], table).keys()]).toEqual([])
    expect([...treeMembers([{ marker: 'TUTTI_RUN=r10' }], table).keys()]).toEqual([502])
    expect([...treeMembers([{ root: { pid: 500, startTime: 'boot:999' } }], table).keys()]).toEqual([500, 501])
  })

  it('never signals a process whose start time is another', async () => {
    const real = processTable()
    const me = real.find(process.pid)
    if (!me) throw new Error('this process is not in its own table')
    let signals = 0
    const count = () => {
      signals += 1
    }
    process.on('SIGCONT', count)
    try {
      expect(signalOne({ ...me, startTime: 'an earlier life' }, 'SIGCONT')).toBe(false)
      expect(signalOne(me, 'SIGCONT')).toBe(true)
      await until(() => signals > 0, 'the signal')
      expect(signals).toBe(1)
    } finally {
      process.off('SIGCONT', count)
    }
  })

  it('holds a group together when its leader is gone', async () => {
    const table = processTable(await fakeProc({ 601: { stat: stat(601, 1, 600, 5) } }))
    expect([...treeMembers([{ root: { pid: 600, startTime: 'boot:4' } }], table).keys()]).toEqual([601])
  })

  it('has no /proc on other systems: ps is asked, and groups still end', async () => {
    const child = spawn('/bin/sh', ['-c', 'sleep 1000 & sleep 1000'], { detached: true, stdio: 'ignore' })
    const table = processTable('/no/such/proc')
    const root = await until(() => table.find(child.pid ?? 0), 'the child')
    expect(root).toMatchObject({ pid: child.pid, ppid: process.pid, pgid: child.pid })
    await until(() => treeMembers([{ root }], table).size === 3, 'its two children')
    expect(await killTrees([{ root }], { graceMs: 500, table })).toMatchObject({ signalled: 3, survivors: [] })
  })
})
