/** The gate that runs the repository's own commands: real shells, real trees of processes, none of which stays. */

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gate } from '../../../src/gates/command.ts'
import type { GateContext, GateJudgement } from '../../../src/gates/gate.ts'
import { judgeCommit } from '../../../src/gates/judge.ts'
import { CapturedOutput } from '../../../src/gates/lib/output.ts'
import { contextFor } from '../../support/gate-context.ts'
import { realSandbox } from '../../support/sandbox.ts'

const sandbox = realSandbox()
let checkout: string
/** In the environment of every process that a test starts, through `marks`. */
let mark: string

beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'tutti-checkout-'))
  mark = checkout.slice(-6)
})

afterEach(async () => {
  await rm(checkout, { recursive: true, force: true })
  expect(marked(), 'processes that a gate left behind').toEqual([])
})

function context(runs: (string | { run: string; minutes: number })[], more: Partial<GateContext> = {}): GateContext {
  const commands = runs.map((one, n) => ({
    name: `step${n + 1}`,
    minutes: 1,
    ...(typeof one === 'string' ? { run: one } : one),
  }))
  return contextFor({ gates: { commands }, checkout: async () => checkout, marks: { TEST_MARK: mark }, ...more })
}

const judge = (...runs: Parameters<typeof context>[0]): Promise<GateJudgement> => gate.judge(context(runs))

/** Command lines of living processes that carry this test's mark. */
function marked(): string[] {
  const read = (pid: string, file: string) => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'latin1')
    } catch {
      return ''
    }
  }
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid) && `\0${read(pid, 'environ')}`.includes(`\0TEST_MARK=${mark}\0`))
    .map((pid) => read(pid, 'cmdline').replaceAll('\0', ' '))
}

/** Waits until a file in the checkout is there: a command writes it when it has come that far. */
async function appears(name: string): Promise<void> {
  for (let tries = 0; !existsSync(join(checkout, name)); tries++) {
    if (tries > 1_000) throw new Error(`${name} did not appear`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

describe('what it says', () => {
  it('skips, and says how to add a command, where there is none', async () => {
    const said = await gate.judge(context([], { checkout: () => Promise.reject(new Error('not needed')) }))
    expect(said.verdict).toBe('skip')
    expect(said.summary).toContain('`gates.commands` in `.github/tutti.yml`')
  })

  it('reports the coverage that commands have printed, by their names, also where a later one fails', async () => {
    const said = await judge(
      "printf '\\033[32mTOTAL  40  5  87%%\\033[0m\\n'",
      'echo none',
      'echo "coverage: 61.5%"; exit 1',
    )
    expect(said).toMatchObject({
      verdict: 'fail',
      coverage: [
        { command: 'step1', percent: 87 },
        { command: 'step3', percent: 61.5 },
      ],
    })
  })

  it('passes when every command does, in the checkout', async () => {
    await writeFile(join(checkout, 'clock.txt'), 'tick\n')
    const said = await judge('cat clock.txt; echo made > made.txt', 'cat made.txt')
    expect(said.verdict).toBe('pass')
    expect(said.summary).toMatch(/^\*\*step1\*\* passed in \d+\.\d s, \*\*step2\*\* passed in \d+\.\d s$/)
    expect(said.log).toBe('$ cat clock.txt; echo made > made.txt\ntick\n\n$ cat made.txt\nmade')
  })

  it('fails with the first that does, its output and how many were not run', async () => {
    const said = await judge('true', 'echo out; echo err >&2; exit 3', 'touch later', 'true')
    expect(said).toMatchObject({ verdict: 'fail', signature: expect.stringMatching(/^step2: exit 3 [0-9a-f]{16}$/) })
    expect(said.summary).toMatch(/^\*\*step2\*\* failed with exit code 3 after \d+\.\d s\. 2 more were not run\.$/)
    expect(said.log).toContain('out\n')
    expect(said.log).toContain('err')
    expect(existsSync(join(checkout, 'later'))).toBe(false)
  })

  it('has the same signature for the same failure', async () => {
    const one = await judge('echo "error: tick at $$ in $TMPDIR/a"; exit 1')
    const same = await judge('echo "error: tick at $$ in $TMPDIR/a"; exit 1')
    const other = await judge('echo "error: tock at $$"; exit 1')
    expect(same.signature).toBe(one.signature)
    expect(other.signature).not.toBe(one.signature)
  })

  it('says in plain words that a program is missing or may not be executed', async () => {
    const missing = await judge('no-such-program --check')
    expect(missing.summary).toBe(
      '**step1** could not run: a program it calls was not found on this machine (exit code 127).',
    )
    expect(missing.log).toContain('no-such-program')
    await writeFile(join(checkout, 'tool'), 'not executable')
    expect((await judge('./tool')).summary).toContain('may not be executed (exit code 126)')
  })

  it('says which signal killed a command', async () => {
    expect((await judge('kill -SEGV $$')).summary).toMatch(/^\*\*step1\*\* was killed by SIGSEGV after/)
  })

  it('is broken, not the work, when the checkout cannot be had or is not there', async () => {
    const refused = context(['true'], { checkout: () => Promise.reject(new Error('disk full')) })
    expect(await judgeCommit([gate], refused)).toMatchObject([
      { verdict: 'fail', broken: 'gate', summary: 'The gate itself failed: disk full' },
    ])
    const gone = context(['true'], { checkout: async () => join(checkout, 'gone') })
    expect(await judgeCommit([gate], gone)).toMatchObject([{ verdict: 'fail', broken: 'gate' }])
  })
})

describe('what a command sees', () => {
  it('has nothing of our environment besides PATH and LANG', async () => {
    const secret = 'canary-5f1c'
    const env = {
      PATH: process.env.PATH ?? '',
      LANG: 'de_DE.UTF-8',
      PRIVATE_KEY: secret,
      HOME: '/root',
      npm_config_x: 'y',
    }
    const said = await gate.judge(context(['env | sort > seen; cat seen'], { env }))
    expect(said.verdict).toBe('pass')
    const seen = (await readFile(join(checkout, 'seen'), 'utf8')).trim().split('\n')
    const names = seen
      .map((row) => row.split('=')[0])
      .filter((name) => name !== 'PWD' && name !== 'OLDPWD' && name !== '_' && name !== 'SHLVL')
    expect(names).toEqual(['CI', 'HOME', 'LANG', 'PATH', 'TEST_MARK', 'TMPDIR', 'TUTTI_ARTIFACTS'])
    expect(seen.join('\n')).not.toContain(secret)
    expect(seen).toContain('CI=true')
    expect(seen).toContain('LANG=de_DE.UTF-8')
  })

  it('has an empty HOME and TMPDIR of its own, which are gone afterwards', async () => {
    const said = await judge(
      'ls -A "$HOME" "$TMPDIR" > listed && echo x > "$HOME/.npmrc" && echo "$HOME $TMPDIR" > where',
    )
    expect(said.verdict).toBe('pass')
    expect(await readFile(join(checkout, 'listed'), 'utf8')).not.toContain('npmrc')
    const [home = '', tmp = ''] = (await readFile(join(checkout, 'where'), 'utf8')).trim().split(' ')
    expect(home).not.toBe(process.env.HOME)
    for (const folder of [home, tmp]) expect(existsSync(folder)).toBe(false)
  })

  it('finds no program in the checkout by a relative PATH', async () => {
    await writeFile(join(checkout, 'fancy-tool'), '#!/bin/sh\necho taken over\n', { mode: 0o755 })
    const said = await gate.judge(context(['fancy-tool'], { env: { PATH: `.::${process.env.PATH}` } }))
    expect(said.summary).toContain('not found')
  })

  it('has no terminal and nothing to read', async () => {
    const said = await judge('cat; test ! -t 0 && test ! -t 1')
    expect(said.verdict).toBe('pass')
  })

  it.skipIf(!sandbox)('runs in a sandbox, which is opened for its folders and closed at the end', async () => {
    const asked: string[] = []
    const box: GateContext['box'] = async ({ cwd, home }) => {
      asked.push(cwd)
      const places = { cwd, home, writable: [cwd], readable: [], neverCreate: [] }
      return await sandbox?.open({ mode: 'required', places, hosts: [] })
    }
    const picture =
      "printf '\\211PNG\\r\\n\\032\\n' > $TUTTI_ARTIFACTS/one.png; ln -s /etc/hostname $TUTTI_ARTIFACTS/two.png"
    const said = await gate.judge(context([`echo hi > new; ls -A /home; cat /proc/1/comm; ${picture}`], { box }))
    expect(said.pictures?.map(({ name }) => name)).toEqual(['one.png'])
    expect(said).toMatchObject({ verdict: 'pass', log: expect.stringContaining('cannot access') })
    expect(said.log).toContain('bwrap')
    expect(await readFile(join(checkout, 'new'), 'utf8')).toBe('hi\n')
    expect(asked).toEqual([checkout])
  })
})

describe('what stays behind', () => {
  it('nothing of a command that leaves processes in the background', async () => {
    const said = await judge(
      'sleep 300 & setsid sleep 301 & nohup sleep 302 >/dev/null 2>&1 & (setsid sleep 303 &) ; echo left',
    )
    expect(said).toMatchObject({ verdict: 'pass', log: expect.stringContaining('left') })
    expect(marked()).toEqual([])
  })

  it('nothing of a double fork in a session of its own that ignores SIGTERM, and its open pipe holds no one up', async () => {
    const started = performance.now()
    const said = await judge(
      `setsid sh -c 'trap "" TERM HUP; echo up > up; while :; do sleep 300; done' & while [ ! -f up ]; do sleep 0.01; done; exit 4`,
    )
    expect(said.summary).toContain('exit code 4')
    expect(marked()).toEqual([])
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('nothing of a command that hangs and of what it started, after its time', async () => {
    const said = await judge(
      { run: `(setsid sh -c 'trap "" TERM; sleep 300' &) ; trap "" TERM; echo hanging; sleep 300`, minutes: 0.01 },
      'true',
    )
    expect(said).toMatchObject({
      verdict: 'fail',
      summary: '**step1** was ended after 0.01 minutes, its limit. 1 more was not run.',
      signature: expect.stringContaining('step1: out of time'),
      log: expect.stringContaining('hanging'),
    })
    expect(marked()).toEqual([])
  })

  it('gives a command that is ended early the time to clean up', async () => {
    const said = await judge({ run: `trap 'echo cleaned > cleaned; exit 0' TERM; sleep 300 & wait`, minutes: 0.01 })
    expect(said.summary).toContain('its limit')
    expect(await readFile(join(checkout, 'cleaned'), 'utf8')).toBe('cleaned\n')
  })

  it('nothing when the run is stopped, and no verdict', async () => {
    const stop = new AbortController()
    const judging = judgeCommit(
      [gate],
      context(['sleep 300 & touch started; sleep 300', 'touch later'], { signal: stop.signal }),
    )
    await appears('started')
    stop.abort('asked')
    expect(await judging).toEqual([])
    expect(marked()).toEqual([])
    expect(existsSync(join(checkout, 'later'))).toBe(false)
  })

  it('starts nothing when the run was stopped before', async () => {
    const said = await judgeCommit(
      [gate],
      context(['sleep 0.2; touch started'], { signal: AbortSignal.abort('asked') }),
    )
    expect(said).toEqual([])
    expect(existsSync(join(checkout, 'started'))).toBe(false)
  })

  it('a stranger is never touched', async () => {
    const stranger = spawn('sleep', ['300'], { detached: true, stdio: 'ignore' })
    try {
      await judge('sleep 300 & exit 1')
      expect(stranger.exitCode).toBeNull()
      expect(stranger.signalCode).toBeNull()
    } finally {
      stranger.kill('SIGKILL')
    }
  })
})

describe('what it prints', () => {
  it('is kept at both ends when it is a flood, in bounded memory', async () => {
    const before = process.memoryUsage().rss
    const said = await judge(`echo FIRST; head -c 100000000 /dev/zero | tr '\\0' 'x'; echo; echo "error: LAST"; exit 1`)
    expect(said.log).toContain('FIRST')
    expect(said.log).toContain('error: LAST')
    expect(said.log).toMatch(/… 999\d{5} bytes left out …/)
    expect(said.log?.length).toBeLessThan(70_000)
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 2 ** 20)
  })

  it('ends a command that prints without end', async () => {
    const said = await judge('yes tick')
    expect(said).toMatchObject({ verdict: 'fail', summary: '**step1** was ended because it printed more than 256 MB.' })
    expect(marked()).toEqual([])
  })

  it('is shortened when the command passed', async () => {
    const said = await judge('seq 1 5000')
    expect(said.log?.length).toBeLessThan(2_200)
    expect(said.log).toContain('\n1\n2\n')
    expect(said.log).toContain('\n4999\n5000')
  })

  it('is plain text without colours, NULs and what was drawn over', async () => {
    const said = await judge(
      `printf '\\033[31mred\\033[0m a\\000b\\n10%%\\r50%%\\r100%%\\nwin\\r\\n\\007bell \\303\\244\\377 end\\n'; exit 1`,
    )
    expect(said.log?.split('\n').slice(1)).toEqual(['red ab', '100%', 'win', 'bell ä\ufffd end'])
  })
})

describe('the output that is kept', () => {
  it.each([1, 7, 64, 1_000])('is the same in pieces of %d bytes', (size) => {
    const all = Buffer.from(Array.from({ length: 3_000 }, (_, n) => `${n};`).join(''))
    const output = new CapturedOutput(1_000)
    for (let at = 0; at < all.length; at += size) output.add(all.subarray(at, at + size))
    const text = all.toString()
    expect(output.text()).toBe(
      `${text.slice(0, 500)}\n\n… ${all.length - 1_000} bytes left out …\n\n${text.slice(-500)}`,
    )
    expect(output.total).toBe(all.length)
  })

  it('is whole up to its limit', () => {
    const output = new CapturedOutput(10)
    output.add(Buffer.from('12345'))
    output.add(Buffer.from('67890'))
    expect(output.text()).toBe('1234567890')
    output.add(Buffer.from('!'))
    expect(output.text()).toBe('12345\n\n… 1 bytes left out …\n\n7890!')
  })
})

describe('pictures', () => {
  const png = "printf '\\211PNG\\r\\n\\032\\n%s'"

  it('that a command puts into TUTTI_ARTIFACTS are handed over, also when it fails', async () => {
    const said = await judge(
      `${png} one > "$TUTTI_ARTIFACTS/one.png"`,
      `${png} two > "$TUTTI_ARTIFACTS/two.png"; exit 1`,
    )
    expect(said.verdict).toBe('fail')
    expect(said.pictures?.map(({ name, type }) => [name, type])).toEqual([
      ['one.png', 'image/png'],
      ['two.png', 'image/png'],
    ])
  })

  it('that are too large are named in the log, and a folder that is gone changes no verdict', async () => {
    const large = await judge(`(${png} x; head -c 3000000 /dev/zero) > "$TUTTI_ARTIFACTS/large.png"`)
    expect(large).toMatchObject({ verdict: 'pass', pictures: [] })
    expect(large.log).toContain('Left out: large.png (larger than 2 MB).')
    expect(await judge('rmdir "$TUTTI_ARTIFACTS"')).toMatchObject({ verdict: 'pass' })
  })
})

describe('the digest of a log', () => {
  it('is of every byte that was printed, also of those that are not kept', async () => {
    const line = `${'x'.repeat(99)}\n`
    const run = `yes ${'x'.repeat(99)} | head -n 3000`
    const judged = await judge(run)
    const whole = createHash('sha256').update(`$ ${run}\n`).update(line.repeat(3_000)).digest('hex')
    expect(judged.logDigest).toBe(whole)
    expect(judged.log?.length).toBeLessThan(100_000)
  })
})
