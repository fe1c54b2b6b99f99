import { readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { loadAgents } from '../../../src/agents/registry.ts'
import { bench, kindOf, places } from '../../support/agent-bench.ts'

const limits = { totalMs: 20_000, idleMs: 10_000, outputBytes: 2 ** 40, graceMs: 400 }

/** The most memory this process held meanwhile, above what it held before, in bytes. */
async function growth(work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.()
  const before = process.memoryUsage().rss
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage().rss)
  }, 20)
  await work()
  clearInterval(timer)
  return most - before
}

describe('an agent that prints too much', () => {
  it.each(['text', 'junk', 'line', 'stderr'])('%s: 60 MB leave memory and log bounded', async (form) => {
    const { script, updates, logFile } = await bench()
    const grown = await growth(async () => {
      const outcome = await script(`flood 60000000 ${form}\nsay done`, { limits })
      if (form === 'junk') expect(outcome).toMatchObject({ kind: 'protocol-error', reason: 'bad-frames' })
      else expect(outcome).toMatchObject({ kind: 'finished', summary: 'done' })
    })
    expect(grown).toBeLessThan(120 * 1024 * 1024)
    expect(statSync(logFile).size).toBeLessThan(6 * 1024 * 1024)
    const text = readFileSync(logFile, 'latin1')
    expect(text).not.toContain('\u0000')
    expect(text).not.toContain('\u001b')
    for (const update of updates) expect(JSON.stringify(update).length).toBeLessThan(5000)
    expect(updates.length).toBeLessThan(2000)
  })

  it.each(places)('is ended at the limit for its output ($place)', async ({ inThread }) => {
    const { script } = await bench({ inThread })
    const outcome = await script('flood 50000000 text\nsay done', { limits: { ...limits, outputBytes: 1_000_000 } })
    expect(outcome).toMatchObject({ kind: 'protocol-error', reason: 'output-limit' })
  })
})

describe('an agent that does not keep to the protocol', () => {
  it('stumbles: 10,000 wrong frames of twenty kinds, and the run goes on', async () => {
    const { script, updates } = await bench()
    // Between the wrong ones stand some that are right, as with an adapter that logs to stdout: 9,999 in all.
    const steps = Array.from(
      { length: 60 },
      (_, index) => `garbage ${index === 59 ? 99 : 100}\nsay still here ${index}`,
    )
    const outcome = await script(steps.join('\n'), { limits })
    expect(outcome).toMatchObject({ kind: 'finished', summary: 'still here 59' })
    expect(updates.length).toBeGreaterThan(0)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('is given up when it goes on', async () => {
    const { script, log } = await bench()
    const outcome = await script('garbage 30000\nsay never', { limits })
    expect(outcome).toMatchObject({ kind: 'protocol-error', reason: 'bad-frames' })
    const reported = log().split('dropped a line').length - 1
    expect(reported).toBeGreaterThan(10)
    expect(reported).toBeLessThanOrEqual(50)
  })

  it('speaks another version of it', async () => {
    const { run } = await bench()
    const answer = '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":99}}'
    const command = ['/bin/sh', '-c', `read line; echo '${answer}'; read more`]
    expect(await run({ settings: { command } })).toMatchObject({ kind: 'protocol-error', reason: 'version' })
  })

  it.each(places)('asks and asks and never reads the answers ($place)', async ({ inThread }) => {
    const { script } = await bench({ inThread })
    const grown = await growth(async () => {
      const outcome = await script('ask-forever', { limits })
      expect(outcome).toMatchObject({ kind: 'protocol-error', reason: 'unread-input' })
    })
    expect(grown).toBeLessThan(200 * 1024 * 1024)
  })

  it('never reads its input at all: nothing of ours waits for it', async () => {
    const { run } = await bench()
    const prompt = 'x'.repeat(3_000_000)
    const deaf = { settings: { command: ['/bin/sh', '-c', 'exec sleep 1000'] }, limits: { ...limits, idleMs: 300 } }
    expect((await run({ ...deaf, prompt })).kind).toBe('idle')
    const command = kindOf(await loadAgents(), 'command')
    expect((await run({ ...deaf, kind: command, prompt })).kind).toBe('idle')
  })

  it('keeps its outputs open in a grandchild after it has gone', async () => {
    const { run } = await bench()
    const command = ['/bin/sh', '-c', 'sleep 1000 & exit 7']
    expect(await run({ settings: { command } })).toMatchObject({ kind: 'crashed', exitCode: 7 })
  })
})

describe('the watcher of a run', () => {
  it.each(places)('may fail without harm ($place)', async ({ inThread }) => {
    const { script, log } = await bench({ inThread })
    const onUpdate = () => {
      throw new Error('watcher is broken')
    }
    expect(await script('say hello', { onUpdate })).toMatchObject({ kind: 'finished' })
    expect(log()).toContain('watcher is broken')
  })

  it('may name a log that cannot be written', async () => {
    const { script } = await bench()
    expect(await script('say hello', { logFile: '/nowhere/at/all.log' })).toMatchObject({ kind: 'finished' })
  })
})
