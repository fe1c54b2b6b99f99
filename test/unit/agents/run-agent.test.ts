import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { loadAgents } from '../../../src/agents/registry.ts'
import { currentMs, setCurrentTime } from '../../../src/lib/clock.ts'
import { bench, isAlive, kindOf, places, scriptPrompt } from '../../support/agent-bench.ts'

describe('an agent that works', () => {
  it.each(places)(
    'changes the tree, tells what it does, and finishes with its last message ($place)',
    async ({ inThread }) => {
      const { cwd, script, updates, log } = await bench({ inThread })
      const outcome = await script(
        [
          'say I will write a greeting.',
          'think Which words?',
          'plan [x] read | [>] write | [ ] report',
          'usage 1200 200000 0.25',
          'write src/greeting.txt <<END',
          'hello',
          '  world',
          'END',
          'run echo from the shell && pwd > where.txt',
          'say All done.',
        ].join('\n'),
      )
      expect(outcome).toEqual({
        kind: 'finished',
        stopReason: 'end_turn',
        summary: 'All done.',
        usage: { contextUsed: 1200, contextSize: 200000, cost: { amount: 0.25, currency: 'USD' } },
      })
      expect(readFileSync(join(cwd, 'src/greeting.txt'), 'utf8')).toBe('hello\n  world\n')
      expect(readFileSync(join(cwd, 'where.txt'), 'utf8').trim()).toBe(cwd)
      expect(updates).toContainEqual({ kind: 'thought', text: 'Which words?' })
      expect(updates).toContainEqual({
        kind: 'plan',
        entries: [
          { text: 'read', status: 'completed' },
          { text: 'write', status: 'in_progress' },
          { text: 'report', status: 'pending' },
        ],
      })
      expect(updates).toContainEqual({
        kind: 'tool',
        id: 'call-1',
        title: 'Write src/greeting.txt',
        tool: 'edit',
        status: 'completed',
        paths: [join(cwd, 'src/greeting.txt')],
      })
      expect(log()).toContain('stderr| from the shell')
    },
  )

  it('follows the script for this attempt, and for feedback', async () => {
    const lines = [
      'write always.txt: yes',
      'attempt 1:',
      'write a.txt: first',
      'attempt 2+:',
      'write a.txt: later',
      'feedback:',
      'replace a.txt: later => reviewed',
    ].join('\n')
    const { cwd, run } = await bench()
    const read = () => readFileSync(join(cwd, 'a.txt'), 'utf8').trim()
    await run({ prompt: scriptPrompt(lines, 'Attempt: 1') })
    expect(read()).toBe('first')
    await run({ prompt: scriptPrompt(lines, 'Attempt: 3') })
    expect(read()).toBe('later')
    await run({ prompt: scriptPrompt(lines, 'Attempt: 3\nFeedback: review') })
    expect(read()).toBe('reviewed')
  })

  it('does something plausible without a script, the same every time', async () => {
    const { cwd, run } = await bench()
    const outcome = await run({ prompt: '# Say hello to everyone\n\nPlease.\n' })
    expect(outcome).toMatchObject({ kind: 'finished', summary: 'Wrote notes/say-hello-to-everyone.md.' })
    expect(readFileSync(join(cwd, 'notes/say-hello-to-everyone.md'), 'utf8')).toContain('Say hello to everyone')
  })

  it('may end without a change', async () => {
    const { script } = await bench()
    expect(await script('no-change')).toEqual({ kind: 'finished', stopReason: 'end_turn', summary: '' })
  })

  it('may stop for a reason of its own', async () => {
    const { script } = await bench()
    expect(await script('stop max_tokens')).toMatchObject({ kind: 'finished', stopReason: 'max_tokens' })
    expect(await script('say I will not.\nstop refusal')).toEqual({ kind: 'refused', message: 'I will not.' })
  })
})

describe('an agent that does not work', () => {
  it.each(places)('is missing: the outcome says what and how to install it ($place)', async ({ inThread }) => {
    const { run } = await bench({ inThread })
    const claude = kindOf(await loadAgents(), 'claude-code')
    expect(await run({ kind: claude, env: { PATH: '/nowhere' } })).toEqual({
      kind: 'missing-program',
      program: 'claude-agent-acp',
      install: claude.install,
    })
    expect(await run({ settings: { command: ['/nowhere/agent'] } })).toMatchObject({ kind: 'missing-program' })
    await expect(run({ settings: { command: ['/bin/sh', 'a\0b'] } })).rejects.toThrow('cannot be started')
  })

  it.each(places)('cannot start without a workspace ($place)', async ({ inThread }) => {
    const { run } = await bench({ inThread })
    await expect(run({ cwd: '/nowhere/at/all' })).rejects.toThrow('is not a directory')
  })

  it('leaves in the middle, with good files behind', async () => {
    const { cwd, script } = await bench()
    const outcome = await script('write kept.txt: good\nrun echo oh dear\nexit 3')
    expect(outcome).toMatchObject({ kind: 'crashed', exitCode: 3, signal: null, tail: 'oh dear' })
    expect(existsSync(join(cwd, 'kept.txt'))).toBe(true)
  })

  it.each(places)('dies by a signal, or before it says a word ($place)', async ({ inThread }) => {
    const { script, run } = await bench({ inThread })
    const crashed = await script('crash')
    expect(crashed).toMatchObject({ kind: 'crashed', exitCode: null, signal: 'SIGKILL' })
    expect(crashed).toHaveProperty('tail', 'Segmentation fault (scripted)')
    expect(await run({ settings: { command: ['/bin/sh', '-c', 'echo no >&2'] } })).toEqual({
      kind: 'crashed',
      exitCode: 0,
      signal: null,
      tail: 'no',
    })
  })

  it.each(places)('hangs silently: the idle limit ends it ($place)', async ({ inThread }) => {
    const { script } = await bench({ inThread })
    const limits = { totalMs: 20_000, idleMs: 800, outputBytes: 1e6, graceMs: 200 }
    let pid = 0
    const outcome = await script('say wait\nignore-sigterm\nhang', {
      limits,
      onStarted: (started) => {
        pid = started.pid
      },
    })
    expect(outcome.kind).toBe('idle')
    expect(isAlive(pid)).toBe(false)
  })

  it.each(places)('talks forever: the time limit ends it ($place)', async ({ inThread }) => {
    const { run } = await bench({ inThread })
    const limits = { totalMs: 500, idleMs: 20_000, outputBytes: 1e9, graceMs: 200 }
    const babbler = ['/bin/sh', '-c', 'while :; do echo "{}" >&2; sleep 0.02; done']
    expect(await run({ settings: { command: babbler }, limits })).toEqual({ kind: 'time-limit', afterMs: 500 })
  })

  it('asks for a login', async () => {
    const { script } = await bench()
    expect(await script('fail auth')).toMatchObject({ kind: 'needs-login', install: 'comes with the playground' })
  })

  it.each(places)('has used up its rate limit, and says until when ($place)', async ({ inThread }) => {
    const { script } = await bench({ inThread })
    const before = Date.now()
    const outcome = await script('fail rate-limit 90')
    expect(outcome).toMatchObject({ kind: 'rate-limited' })
    const resetAt = 'resetAt' in outcome ? Date.parse(outcome.resetAt ?? '') : Number.NaN
    expect(resetAt).toBeGreaterThanOrEqual(before + 90_000)
    expect(resetAt).toBeLessThan(before + 120_000)
  })

  it.each(places)('says so in the time of Tutti, and not of the machine ($place)', async ({ inThread }) => {
    const { script } = await bench({ inThread })
    onTestFinished(() => setCurrentTime(undefined))
    setCurrentTime(Date.now() + 48 * 3_600_000)
    const outcome = await script('fail rate-limit 90')
    const resetAt = 'resetAt' in outcome ? Date.parse(outcome.resetAt ?? '') : Number.NaN
    expect(Math.abs(resetAt - currentMs() - 90_000)).toBeLessThan(30_000)
  })

  it('answers with an error of its own', async () => {
    const { script } = await bench()
    expect(await script('fail the model is gone')).toMatchObject({ kind: 'protocol-error', reason: 'agent-error' })
    expect(await script('stop cancelled')).toMatchObject({ kind: 'protocol-error', reason: 'agent-error' })
  })
})
