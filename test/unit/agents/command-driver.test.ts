import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { loadAgents } from '../../../src/agents/registry.ts'
import { bench, isAlive, kindOf, places } from '../../support/agent-bench.ts'

const kind = kindOf(await loadAgents(), 'command')
const shell = (line: string) => ({ kind, settings: { command: ['/bin/sh', '-c', line] } })

describe('any program as an agent', () => {
  it.each(places)('gets the prompt on stdin and in a file, and leaves changes ($place)', async ({ inThread }) => {
    const { cwd, run, updates } = await bench({ inThread })
    const outcome = await run({
      ...shell('cat > stdin.txt; cp "$TUTTI_PROMPT_FILE" file.txt; echo working; echo aside >&2; echo "It is done."'),
      prompt: 'Make it so.\n',
    })
    expect(outcome).toMatchObject({ kind: 'finished', stopReason: 'end_turn' })
    expect(outcome).toHaveProperty('summary', expect.stringContaining('It is done.'))
    expect(readFileSync(join(cwd, 'stdin.txt'), 'utf8')).toBe('Make it so.\n')
    expect(readFileSync(join(cwd, 'file.txt'), 'utf8')).toBe('Make it so.\n')
    expect(updates).toContainEqual({ kind: 'text', text: 'working\n' })
  })

  it('takes its words as they are: no shell looks at them', async () => {
    const { cwd, run } = await bench()
    const program = 'require("fs").writeFileSync("args.json", JSON.stringify(process.argv.slice(1)))'
    const words = ['$(touch pwned)', '; touch pwned', '*', "it's"]
    await run({ kind, settings: { command: [process.execPath, '-e', program, '--', ...words] } })
    expect(JSON.parse(readFileSync(join(cwd, 'args.json'), 'utf8'))).toEqual(words)
  })

  it('fails with its exit code and its last words', async () => {
    const { run } = await bench()
    expect(await run(shell('echo good > kept; echo oh no >&2; exit 4'))).toEqual({
      kind: 'crashed',
      exitCode: 4,
      signal: null,
      tail: 'oh no',
    })
  })

  it('needs a command line', async () => {
    const { run } = await bench()
    expect(await run({ kind })).toMatchObject({ kind: 'missing-program', program: 'agents.command.command' })
  })

  it.each(places)('is ended with all it started when it is stopped ($place)', async ({ inThread }) => {
    const { run, file } = await bench({ inThread })
    const stop = new AbortController()
    const ended = run({ ...shell(`trap '' TERM; sleep 1000 & echo $! > child.pid; wait`), signal: stop.signal })
    const child = Number(await file('child.pid'))
    stop.abort()
    expect(await ended).toEqual({ kind: 'stopped' })
    expect(isAlive(child)).toBe(false)
  })
})

describe('what an agent sees', () => {
  it.each(places)(
    'is the small base, what its kind declares, and a home of its own: nothing else ($place)',
    async ({ inThread }) => {
      const { cwd, run } = await bench({ inThread })
      await run({
        ...shell('env -0 > env.bin; mkdir -p "$HOME/x" "$TMPDIR/y"'),
        runId: 'run-with-a-name',
        env: {
          PATH: process.env.PATH ?? '',
          LANG: 'C.UTF-8',
          HOME: '/root',
          TUTTI_AGENT_KEY: 'its own key',
          HTTPS_PROXY: 'http://proxy.invalid',
          GITHUB_TOKEN: 'canary-1',
          PRIVATE_KEY: 'canary-2',
          DATABASE_URL: 'canary-3',
          WEBHOOK_SECRET: 'canary-4',
          ANTHROPIC_API_KEY: 'canary-5',
          TUTTI_RUN: 'forged',
          NODE_OPTIONS: '--require /tmp/canary-6',
          LD_PRELOAD: 'canary-7',
        },
      })
      const text = readFileSync(join(cwd, 'env.bin'), 'utf8')
      const seen = Object.fromEntries(text.split('\0').flatMap((line) => (line ? [line.split(/=(.*)/s)] : [])))
      expect(text).not.toContain('canary')
      expect(
        Object.keys(seen)
          .filter((name) => !['PWD', 'SHLVL', '_', 'OLDPWD'].includes(name))
          .sort(),
      ).toEqual(
        [
          ...['HOME', 'HTTPS_PROXY', 'LANG', 'PATH', 'TMPDIR', 'TUTTI_AGENT_KEY', 'TUTTI_INSTANCE', 'TUTTI_LIFE'],
          ...['TUTTI_PROMPT_FILE', 'TUTTI_RUN'],
        ].sort(),
      )
      expect(seen.TUTTI_RUN).toMatch(/^[\w-]+\.run-with-a-name$/)
      expect(seen.HOME).toMatch(/home-\d+$/)
      expect(seen.HOME).not.toContain(cwd)
    },
  )

  it.each(places)('can be wrapped by a sandbox ($place)', async ({ inThread }) => {
    const { cwd, run } = await bench({ inThread })
    const outcome = await run({
      ...shell('echo "$WRAPPED" > wrapped.txt'),
      wrap: ({ file, args, env }) => ({
        file: '/usr/bin/env',
        args: ['WRAPPED=yes', file, ...args],
        env,
      }),
    })
    expect(outcome.kind).toBe('finished')
    expect(readFileSync(join(cwd, 'wrapped.txt'), 'utf8')).toBe('yes\n')
  })

  it('refuses a run id that could not mark its processes', async () => {
    const { run } = await bench()
    await expect(run({ ...shell('true'), runId: 'a\nb' })).rejects.toThrow('cannot mark a process')
  })
})
