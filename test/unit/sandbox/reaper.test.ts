import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createReaper } from '../../../src/sandbox/reaper.ts'
import { bench, isAlive, ownWarden, places, scratch, scriptPrompt, until } from '../../support/agent-bench.ts'

const orchestrator = fileURLToPath(new URL('../../fixtures/orchestrator.fixture.ts', import.meta.url))

interface Started {
  child: ChildProcess
  agents: number[]
  reaperPid: number
}

/** Starts a small program that runs agents, in its own process group, and waits until the agents have begun. */
async function startOrchestrator(scripts: string[], inThread = false): Promise<Started & { cwd: string }> {
  const root = await scratch()
  const cwd = join(root, 'tree')
  await mkdir(cwd)
  const plan = join(root, 'plan.json')
  await writeFile(plan, JSON.stringify({ root, cwd, prompts: scripts.map((lines) => scriptPrompt(lines)), inThread }))
  const child = spawn(process.execPath, [orchestrator, plan], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout?.on('data', (chunk) => {
    text += chunk
  })
  const lines = await until(() => {
    const all = text.split('\n').slice(0, -1)
    return all.length > scripts.length ? all : undefined
  }, 'the agents to start')
  const [reaperPid = 0, ...agents] = lines.map(Number)
  onTestFinished(async () => {
    child.kill('SIGKILL')
  })
  return { child, agents, reaperPid, cwd }
}

describe('the reaper', () => {
  it.each(places)(
    'ends every agent within ten seconds when the orchestrator is killed without a word, supervised in $place',
    async ({ inThread }) => {
      const stubborn = ['ignore-sigterm', 'spawn NAME.pid detached beat=NAME.beats', 'spawn NAME2.pid clean', 'hang']
      const { child, agents, reaperPid, cwd } = await startOrchestrator(
        ['a', 'b'].map((name) => stubborn.join('\n').replaceAll('NAME', name)),
        inThread,
      )
      const files = ['a.pid', 'b.pid', 'a2.pid', 'b2.pid']
      const pids = await Promise.all(files.map(async (name) => await pidIn(join(cwd, name))))
      expect([...agents, ...pids, reaperPid].every(isAlive)).toBe(true)
      const before = Date.now()
      // The whole group: the reaper must not be in it.
      process.kill(-(child.pid ?? 0), 'SIGKILL')
      await until(() => ![...agents, ...pids].some(isAlive), 'the agents to go')
      expect(Date.now() - before).toBeLessThan(10_000)
      await until(() => !isAlive(reaperPid), 'the reaper to go')
    },
  )

  it('leaves when the orchestrator leaves, and touches no one else', async () => {
    const mine = await bench()
    const stop = new AbortController()
    const ended = mine.script('spawn far.pid detached\nwait-for never', { signal: stop.signal })
    const bystander = await pidIn(join(mine.cwd, 'far.pid'))
    const { child, agents, reaperPid } = await startOrchestrator(['say hello\nwait-for never'])
    child.kill('SIGTERM')
    await once(child, 'exit')
    await until(() => ![...agents, reaperPid].some(isAlive), 'the agent and the reaper to go')
    expect(isAlive(bystander)).toBe(true)
    stop.abort()
    await ended
  })

  it('is started again when it was killed, and still knows the runs', async () => {
    const { reaper, script, saw } = await bench({ reaper: ownWarden() })
    const stop = new AbortController()
    const ended = script('say waiting\nwait-for never', { signal: stop.signal })
    await saw((update) => update.kind === 'text')
    const first = reaper.pid ?? 0
    process.kill(first, 'SIGKILL')
    const second = await until(() => reaper.pid !== first && reaper.pid, 'another reaper')
    expect(isAlive(second)).toBe(true)
    stop.abort()
    expect(await ended).toEqual({ kind: 'stopped' })
    await reaper.close()
    expect(isAlive(second)).toBe(false)
  })

  it('ignores the signals of a terminal, and refuses ids that cannot mark a process', async () => {
    const { reaper, script } = await bench({ reaper: ownWarden() })
    reaper.start()
    const pid = reaper.pid ?? 0
    // Its handlers are in place once it has answered to nothing but the end of the pipe.
    await until(() => signalsHandled(pid), 'the reaper to be ready')
    process.kill(pid, 'SIGTERM')
    process.kill(pid, 'SIGINT')
    process.kill(pid, 'SIGHUP')
    // A whole run later it is still the same one.
    expect(await script('say hello')).toMatchObject({ kind: 'finished' })
    expect(reaper.pid).toBe(pid)
    await reaper.close()
    expect(isAlive(pid)).toBe(false)
    await expect(script('say hello')).rejects.toThrow('no agent runs without a reaper')
    expect(() => createReaper({ instanceId: 'a b' })).toThrow('cannot mark a process')
  })
})

async function pidIn(path: string): Promise<number> {
  const read = () => {
    try {
      return Number(readFileSync(path, 'utf8'))
    } catch {
      return undefined
    }
  }
  return await until(read, path)
}

/** Whether a process catches SIGHUP, the last that the reaper sets (bit 0 of SigCgt in proc_pid_status(5)). */
function signalsHandled(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${caught}`) & 1n) !== 0n
}
