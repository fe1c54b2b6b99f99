/** The gates that look at facts, and the judge that asks all of them. */

import { describe, expect, it } from 'vitest'
import { gate as changes } from '../../../src/gates/changes.ts'
import type { Gate, GateJudgement } from '../../../src/gates/gate.ts'
import { judgeCommit } from '../../../src/gates/judge.ts'
import { normalised, signatureOf } from '../../../src/gates/lib/signature.ts'
import { gate as protectedPaths } from '../../../src/gates/protected-paths.ts'
import { loadGates } from '../../../src/gates/registry.ts'
import { base, change, contextFor, head } from '../../support/gate-context.ts'

describe('changes', () => {
  it('fails when nothing was changed', async () => {
    expect(await changes.judge(contextFor({ changes: [] }))).toEqual({
      verdict: 'fail',
      summary: 'Nothing was changed.',
      signature: 'nothing changed',
    })
  })

  it('says the figures', async () => {
    const list = [change('a.ts'), change('b.png', { additions: 0, deletions: 0, binary: true })]
    expect(await changes.judge(contextFor({ changes: list }))).toEqual({
      verdict: 'pass',
      summary: '2 files, +3 −1, 1 binary',
    })
  })

  it.each([
    [2, 100, 'pass'],
    [3, 100, 'fail'],
    [2, 8, 'pass'],
    [2, 7, 'fail'],
  ])('%d files of at most 2, at most %d lines: %s', async (files, maxLines, verdict) => {
    const list = Array.from({ length: files }, (_, n) => change(`file-${n}.ts`))
    const said = await changes.judge(contextFor({ changes: list, gates: { maxFiles: 2, maxLines } }))
    expect(said.verdict).toBe(verdict)
  })

  it('names the limit and the setting that moves it', async () => {
    const list = Array.from({ length: 101 }, (_, n) => change(`file-${n}.ts`))
    const files = await changes.judge(contextFor({ changes: list }))
    expect(files.summary).toBe(
      'Too much for one review: 101 files, +303 −101; 100 files are allowed (`gates.maxFiles`).',
    )
    const lines = await changes.judge(contextFor({ changes: [change('a.ts', { additions: 5_000 })] }))
    expect(lines.summary).toContain('5000 lines are allowed, 5001 changed (`gates.maxLines`)')
    expect(lines.signature).toBe('too many lines')
  })
})

describe('protected paths', () => {
  const verdict = async (path: string, more = {}, globs: string[] = []) =>
    (await protectedPaths.judge(contextFor({ changes: [change(path, more)], gates: { protected: globs } }))).verdict

  it.each([
    '.github/workflows/ci.yml',
    '.github/tutti.yml',
    '.github/dependabot.yml',
    '.GitHub/Workflows/ci.yml',
    'packages/a/.github/x',
    '.github',
    'CODEOWNERS',
    'docs/CODEOWNERS',
    'codeowners',
    'CLAUDE.md',
    'packages/web/CLAUDE.md',
    'AGENTS.md',
    'GEMINI.md',
    '.claude/settings.json',
    'packages/web/.claude/hooks/run.sh',
    '.codex/config.toml',
    '.gemini/settings.json',
    '.opencode/agent/x.md',
    'opencode.json',
    '.mcp.json',
    '.cursor/rules/x.mdc',
    '.gitmodules',
    '.gitattributes',
    'sub/.gitattributes',
    '.npmrc',
    '.yarnrc.yml',
    '.yarn/releases/yarn-4.cjs',
    '.pnpmfile.cjs',
    '.husky/pre-commit',
    '.vscode/tasks.json',
    '.devcontainer/devcontainer.json',
    '.envrc',
    '.gitlab-ci.yml',
    'Jenkinsfile',
  ])('%s waits for a person', async (path) => {
    expect(await verdict(path)).toBe('needs-approval')
    expect(await verdict(path, { status: 'A' })).toBe('needs-approval')
    expect(await verdict(path, { status: 'D' })).toBe('needs-approval')
    expect(await verdict('elsewhere.txt', { status: 'R', oldPath: path })).toBe('needs-approval')
  })

  it.each([
    'src/clock.ts',
    'README.md',
    'docs/github/notes.md',
    'src/codeowners.ts',
    'agents/readme.md',
    'src/claude.ts',
    'github/x',
    'a.github/x',
    'package.json.md',
  ])('%s does not', async (path) => {
    expect(await verdict(path)).toBe('pass')
  })

  it.each([
    ['infra/**', 'infra/main.tf', 'needs-approval'],
    ['infra', 'infra/deep/main.tf', 'needs-approval'],
    ['infra/', 'infra/main.tf', 'needs-approval'],
    ['infra', 'infra', 'needs-approval'],
    ['infra', 'infrastructure/main.tf', 'pass'],
    ['**/*.sql', 'db/1.sql', 'needs-approval'],
    ['*.sql', 'db/1.sql', 'pass'],
    ['LICENSE', 'license', 'needs-approval'],
    ['**/[', 'a/b', 'pass'],
  ])('the glob %s makes %s %s', async (glob, path, expected) => {
    expect(await verdict(path, {}, [glob])).toBe(expected)
  })

  it('a submodule waits, wherever it is', async () => {
    expect(await verdict('vendor/lib', { status: 'A', mode: '160000' })).toBe('needs-approval')
    expect(await verdict('vendor/lib', { status: 'T', oldMode: '160000' })).toBe('needs-approval')
  })

  it('names the paths, and passes once a person has allowed this very commit', async () => {
    const list = [change('.github/a.yml'), change('src/x.ts'), change('CLAUDE.md'), change('odd`\u0007name/.npmrc')]
    const context = contextFor({ changes: list })
    const waiting = await protectedPaths.judge(context)
    expect(waiting).toEqual({
      verdict: 'needs-approval',
      summary: 'Protected: `.github/a.yml`, `CLAUDE.md`, `odd??name/.npmrc`.',
      log: '`.github/a.yml`\n`CLAUDE.md`\n`odd??name/.npmrc`',
    })
    const allowed = { ...context, item: { issueNumber: 12, protectedAllowedSha: head } }
    expect(await protectedPaths.judge(allowed)).toMatchObject({
      verdict: 'pass',
      summary: expect.stringContaining('Allowed by a person. Protected: '),
    })
    const other = { ...context, item: { issueNumber: 12, protectedAllowedSha: base } }
    expect((await protectedPaths.judge(other)).verdict).toBe('needs-approval')
  })

  it('names a few of many', async () => {
    const list = Array.from({ length: 30 }, (_, n) => change(`.github/${n}.yml`))
    const { summary, log } = await protectedPaths.judge(contextFor({ changes: list }))
    expect(summary).toContain(' and 22 more.')
    expect(log?.split('\n')).toHaveLength(30)
  })

  it('judges thousands of files in seconds at most, and not hours', async () => {
    const list = Array.from({ length: 5_000 }, (_, n) => change(`src/deep/er/and/deeper/file-${n}.ts`))
    const before = process.cpuUsage()
    await protectedPaths.judge(contextFor({ changes: list, gates: { protected: ['infra/**', '**/*.sql'] } }))
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1_000, 'milliseconds').toBeLessThan(10_000)
  })
})

describe('install scripts', () => {
  /** Judges a change of one file whose text goes from `before` to `after`. */
  async function judge(path: string, before: unknown, after: unknown, more = {}): Promise<GateJudgement> {
    const text = (value: unknown) => (value === undefined || typeof value === 'string' ? value : JSON.stringify(value))
    return protectedPaths.judge(
      contextFor({
        changes: [change(path, more)],
        readFile: async (commit, asked) => {
          if (commit === base) return asked === path || asked === 'old/package.json' ? text(before) : undefined
          return asked === path ? text(after) : undefined
        },
      }),
    )
  }

  it.each(['preinstall', 'install', 'postinstall', 'prepare', 'prepublish', 'dependencies'])(
    'a new %s script waits',
    async (name) => {
      const said = await judge('package.json', { scripts: { test: 'x' } }, { scripts: { test: 'x', [name]: 'evil' } })
      expect(said.verdict).toBe('needs-approval')
      expect(said.summary).toBe(`Protected: \`package.json\` (install scripts: ${name}).`)
    },
  )

  it('a changed one waits, also in a renamed file; an unchanged or removed one does not', async () => {
    const before = { scripts: { postinstall: 'node a.js' } }
    expect((await judge('package.json', before, { scripts: { postinstall: 'node b.js' } })).verdict).toBe(
      'needs-approval',
    )
    expect((await judge('package.json', before, { ...before, version: '2.0.0' })).verdict).toBe('pass')
    expect((await judge('package.json', before, {})).verdict).toBe('pass')
    const renamed = { status: 'R', oldPath: 'old/package.json' }
    expect((await judge('new/package.json', before, before, renamed)).verdict).toBe('pass')
    expect((await judge('new/package.json', {}, before, renamed)).verdict).toBe('needs-approval')
  })

  it('other scripts and a new file without any pass', async () => {
    expect((await judge('package.json', { scripts: { test: 'a' } }, { scripts: { test: 'b' } })).verdict).toBe('pass')
    expect((await judge('sub/package.json', undefined, { name: 'sub' }, { status: 'A' })).verdict).toBe('pass')
    expect((await judge('sub/package.json', undefined, { scripts: { prepare: 'x' } }, { status: 'A' })).verdict).toBe(
      'needs-approval',
    )
  })

  it('a lock file that brings in packages with scripts waits, and names them', async () => {
    const lock = (more: Record<string, unknown>) => ({
      packages: { '': {}, 'node_modules/a': { version: '1.0.0' }, ...more },
    })
    const esbuild = (version: string) =>
      lock({ 'node_modules/b/node_modules/esbuild': { version, hasInstallScript: true } })
    const added = await judge('package-lock.json', lock({}), esbuild('1.0.0'))
    expect(added.summary).toBe('Protected: `package-lock.json` (install scripts: esbuild).')
    expect((await judge('package-lock.json', esbuild('1.0.0'), esbuild('1.0.1'))).verdict).toBe('needs-approval')
    expect((await judge('package-lock.json', esbuild('1.0.0'), esbuild('1.0.0'))).verdict).toBe('pass')
    expect((await judge('package-lock.json', esbuild('1.0.0'), lock({}))).verdict).toBe('pass')
  })

  it.each([
    ['is no JSON', '{', '{'],
    ['cannot be found', '{}', undefined],
  ])('a file that %s waits', async (_, before, after) => {
    const said = await judge('package.json', before, after)
    expect(said.summary).toBe('Protected: `package.json` (its install scripts could not be compared).')
    expect(said.verdict).toBe('needs-approval')
  })

  it('waits where files cannot be read', async () => {
    const said = await protectedPaths.judge(contextFor({ changes: [change('package.json')] }))
    expect(said.verdict).toBe('needs-approval')
  })
})

describe('the judge', () => {
  const gate = (id: string, looksAt: Gate['looksAt'], judge: Gate['judge']): Gate => ({
    id,
    title: `Gate ${id}`,
    looksAt,
    judge,
  })
  const says = (verdict: GateJudgement['verdict']) => async () => ({ verdict, summary: `It says ${verdict}.` })

  it('asks facts before code, each in the order of the names', async () => {
    const asked: string[] = []
    const asks = (id: string) => async () => {
      asked.push(id)
      return { verdict: 'pass' as const, summary: id }
    }
    const gates = [
      gate('d', 'code', asks('d')),
      gate('c', 'facts', asks('c')),
      gate('a', 'code', asks('a')),
      gate('b', 'facts', asks('b')),
    ]
    const results = await judgeCommit(gates, contextFor())
    expect(asked).toEqual(['b', 'c', 'a', 'd'])
    expect(results.map((result) => result.gate)).toEqual(asked)
    for (const result of results) expect(result.milliseconds).toBeGreaterThanOrEqual(0)
    expect((await loadGates()).map((one) => one.looksAt)).toContain('code')
  })

  it('runs no code once a fact has failed, but looks at the other facts', async () => {
    const ran: string[] = []
    const code = gate('a', 'code', async () => {
      ran.push('a')
      return { verdict: 'pass', summary: '' }
    })
    const results = await judgeCommit(
      [code, gate('b', 'facts', says('fail')), gate('c', 'facts', says('needs-approval'))],
      contextFor(),
    )
    expect(ran).toEqual([])
    expect(results.map(({ gate: id, verdict }) => [id, verdict])).toEqual([
      ['b', 'fail'],
      ['c', 'needs-approval'],
      ['a', 'skip'],
    ])
    expect(results[2]?.summary).toBe('Not run: Gate b failed.')
  })

  it('says once that the facts are known, before it runs code, and not where one was refused', async () => {
    const order: string[] = []
    const three = (verdict: 'pass' | 'fail') => [
      gate('x-code', 'code', async () => {
        order.push('code')
        return { verdict: 'pass', summary: 'Fine.' }
      }),
      gate('y-code', 'code', async () => ({ verdict: 'pass', summary: 'Fine.' })),
      gate('facts', 'facts', async () => {
        order.push('facts')
        return { verdict, summary: 'So it is.' }
      }),
    ]
    const judge = async (verdict: 'pass' | 'fail') =>
      judgeCommit(three(verdict), contextFor(), async () => {
        order.push('known')
      })
    await judge('pass')
    await judge('fail')
    expect(order).toEqual(['facts', 'known', 'code', 'facts'])
  })

  it('runs code when facts wait for a person', async () => {
    const results = await judgeCommit(
      [gate('a', 'code', says('pass')), gate('b', 'facts', says('needs-approval'))],
      contextFor(),
    )
    expect(results.map((result) => result.verdict)).toEqual(['needs-approval', 'pass'])
  })

  it('blocks when a gate throws, and goes on', async () => {
    const warned: unknown[] = []
    const broken = gate('a', 'facts', () => Promise.reject(new Error('no\nluck')))
    const results = await judgeCommit(
      [broken, gate('b', 'facts', says('pass'))],
      contextFor({ log: { warn: (about: unknown) => warned.push(about) } }),
    )
    expect(results[0]).toMatchObject({ verdict: 'fail', broken: 'gate', summary: 'The gate itself failed: no luck' })
    expect(results[1]?.verdict).toBe('pass')
    expect(warned).toHaveLength(1)
  })

  it('keeps only what was done when it is stopped', async () => {
    const stop = new AbortController()
    const stopping = gate('b', 'facts', async () => {
      stop.abort('asked')
      return { verdict: 'fail', summary: 'interrupted' }
    })
    const results = await judgeCommit(
      [gate('a', 'facts', says('pass')), stopping, gate('c', 'facts', says('pass'))],
      contextFor({ signal: stop.signal }),
    )
    expect(results.map((result) => result.gate)).toEqual(['a'])
  })

  it('keeps summaries to one line and logs in bounds', async () => {
    const loud = gate('a', 'facts', async () => ({
      verdict: 'pass',
      summary: `one\n\ntwo ${'x'.repeat(5_000)}`,
      log: 'y'.repeat(500_000),
    }))
    const [result] = await judgeCommit([loud], contextFor())
    expect(result?.summary).toMatch(/^one two x+$/)
    expect(result?.summary.length).toBeLessThanOrEqual(1_000)
    expect(result?.log?.length).toBeLessThanOrEqual(70_000)
  })
})

describe('the fingerprint of a failure', () => {
  const output = (time: string, place: string, line: number, hex: string) =>
    [
      `> test at ${time}`,
      `${place}/src/clock.test.ts:${line}:7`,
      `AssertionError: expected 12 to be 13 in ${place}/src/clock.ts:${line}`,
      `    at Object.<anonymous> (${place}/node_modules/x/index.js:${line}:1)`,
      `error object ${hex}`,
      `Tests: 1 failed, 3 passed (${line}ms)`,
      `Duration 1.${line}s`,
    ].join('\n')

  it('is the same whatever its times, numbers, paths and order', () => {
    const one = signatureOf('exit 1', output('2026-11-21T10:00:00.000Z', '/tmp/a', 12, '0x7ffe12ab'))
    const other = signatureOf('exit 1', output('2026-12-01T23:59:59.123Z', '/home/x/deep/tree', 340, '0xdeadbeef'))
    expect(other).toBe(one)
    const shuffled = output('x', '/tmp/a', 1, '0x1').split('\n').reverse().join('\n')
    expect(signatureOf('exit 1', shuffled)).toBe(one)
  })

  it('is another for another failure', () => {
    const one = signatureOf('exit 1', 'TypeError: clock.tick is not a function')
    expect(signatureOf('exit 1', 'TypeError: clock.tock is not a function')).not.toBe(one)
    expect(signatureOf('exit 2', 'TypeError: clock.tick is not a function')).not.toBe(one)
    expect(signatureOf('exit 1', '')).not.toBe(one)
  })

  it('uses the last lines where no line tells an error', () => {
    expect(signatureOf('exit 1', 'a\nb 1\nc')).toBe(signatureOf('exit 1', 'a\nb 2\nc'))
    expect(signatureOf('exit 1', 'a\nb\nc')).not.toBe(signatureOf('exit 1', 'a\nb\nd'))
  })

  it.each([
    ['took 12.5 ms', 'took N'],
    ['took 1m', 'took N'],
    ['at /tmp/x-1/a.ts:3:4', 'at PATH a.ts:N'],
    ['at src/a.ts(3,4)', 'at PATH a.ts(N)'],
    ['C:\\work\\a.ts failed', 'PATH a.ts failed'],
    ['in /tmp/run-x8Kd2 there', 'in PATH there'],
    ['commit 3f2a91bc00 is bad', 'commit HEX is bad'],
    ['ptr 0xDEADBEEF', 'ptr HEX'],
    ['v1.2.3', 'vN'],
    ['decade', 'decade'],
    ['\u001b[31mred\u001b[0m', 'red'],
  ])('%j reads as %j', (line, expected) => {
    expect(normalised(line)).toBe(expected)
  })
})
