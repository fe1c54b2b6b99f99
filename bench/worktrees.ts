/**
 * What a new item waits for its worktree, in a large repository: with a tree that was made ahead, without one, and beside
 * plain `git worktree add` in the same run. Then many at once.
 */

import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs, promisify } from 'node:util'
import { type BareClone, openBareClone } from '../src/git/bare-clone.ts'
import { validBranch } from '../src/git/names.ts'

/** One line for the list of benchmarks. */
export const about = "a new item's worktree in a large repository, beside plain `git worktree add`, and many at once"

const main = validBranch('main')
const execute = promisify(execFile)

/** git as a person runs it, without settings of their own. */
async function git(directory: string, ...args: string[]): Promise<string> {
  const env = { PATH: process.env.PATH ?? '', HOME: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' }
  return (await execute('git', ['-C', directory, ...args], { env, maxBuffer: 2 ** 26 })).stdout.trim()
}

/**
 * `npm run bench -- worktrees [--files N] [--commits N] [--rounds N] [--at-once N] [--json]`. The folder for it is
 * TMPDIR; 20 trees of 50,000 files need 5 GB.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      files: { type: 'string', default: '50000' },
      commits: { type: 'string', default: '10000' },
      rounds: { type: 'string', default: '5' },
      'at-once': { type: 'string', default: '20' },
      json: { type: 'boolean', default: false },
    },
  })
  const root = await mkdtemp(join(tmpdir(), 'tutti-bench-worktrees-'))
  try {
    const size = { files: Number(values.files), commits: Number(values.commits) }
    const place = await prepare(root, size)
    const rounds = await measureRounds(place, Number(values.rounds))
    const atOnce = await measureAtOnce(place, Number(values['at-once']))
    const result = { ...size, ...rounds, atOnce }
    if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`)
    else console.table(flat(result))
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

interface Place {
  root: string
  server: string
  plain: string
  clone: BareClone
}

async function prepare(root: string, size: { files: number; commits: number }): Promise<Place> {
  const [server, plain] = [join(root, 'server.git'), join(root, 'plain.git')]
  await git(root, 'init', '-q', '--bare', '-b', 'main', server)
  await generate(server, size)
  await git(root, 'clone', '-q', '--bare', server, plain)
  const clone = await openBareClone({
    directory: join(root, 'tutti'),
    cloneUrl: server,
    token: async () => undefined,
    allowLocal: true,
    spares: 1,
  })
  return { root, server, plain, clone }
}

/** Files of about 2 kB in 2,000 folders, and commits that change one file each. */
async function generate(server: string, { files, commits }: { files: number; commits: number }): Promise<void> {
  const importer = spawn('git', ['-C', server, 'fast-import', '--quiet'], { stdio: ['pipe', 'inherit', 'inherit'] })
  const ended = once(importer, 'close')
  const write = async (text: string) => {
    if (!importer.stdin.write(text)) await once(importer.stdin, 'drain')
  }
  const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}\n`
  const file = (at: number, version: number) =>
    `M 644 inline src/p${at % 50}/m${Math.floor(at / 50) % 40}/f${at}.ts\n${data(contents(at, version))}`
  const commit = (at: number) =>
    write(`commit refs/heads/main\ncommitter a <a@example.com> ${1_700_000_000 + at} +0000\n${data(`Commit ${at}`)}`)
  await commit(0)
  for (let at = 0; at < files; at++) await write(file(at, 0))
  for (let at = 1; at < commits; at++) {
    await commit(at)
    await write(file((at * 7) % files, at))
  }
  importer.stdin.end()
  const [code] = await ended
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`)
}

function contents(at: number, version: number): string {
  const lines = Array.from({ length: 40 }, (_, line) => {
    const value = (at * 7919 + line * 104_729 + version) % 1_000_003
    return `export const value${line} = ${value}`
  })
  return `// file ${at}, version ${version}\n${lines.join('\n')}\n`
}

/** Both in turn, so that a busy machine is busy for both. Between two rounds the base moves by one commit. */
async function measureRounds({ root, server, plain, clone }: Place, rounds: number) {
  const [plainSeconds, aheadSeconds]: [number[], number[]] = [[], []]
  const cold = await seconds(() => add({ root, clone }, 'cold'))
  for (let round = 0; round < rounds; round++) {
    await moveBase(server, round)
    await clone.fetch([main])
    await clone.sparesSettled()
    const path = join(root, 'plain', `tree-${round}`)
    plainSeconds.push(
      await seconds(() => git(plain, 'worktree', 'add', '-q', '--no-track', '-b', `module/${round}`, path, 'main')),
    )
    aheadSeconds.push(await seconds(() => add({ root, clone }, `round-${round}`)))
  }
  await clone.sparesSettled()
  const [plainMedian, ahead] = [median(plainSeconds), median(aheadSeconds)]
  return { plain: plainMedian, ahead, ratio: round3(ahead / plainMedian), cold: round3(cold) }
}

async function moveBase(server: string, round: number): Promise<void> {
  const tree = await git(server, 'rev-parse', `main~${round + 1}^{tree}`)
  const as = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
  const commit = await git(server, ...as, 'commit-tree', '-p', 'main', '-m', `Move ${round}`, tree)
  await git(server, 'update-ref', 'refs/heads/main', commit)
}

async function measureAtOnce({ root, clone }: Place, trees: number) {
  const failures: string[] = []
  const all = async () => {
    const names = Array.from({ length: trees }, (_, at) => `once-${at}`)
    const results = await Promise.allSettled(names.map((name) => add({ root, clone }, name)))
    for (const one of results) if (one.status === 'rejected') failures.push(String(one.reason))
  }
  const took = await seconds(all)
  await clone.sparesSettled()
  if (failures.length > 0) process.stderr.write(`${failures.join('\n')}\n`)
  return { trees, failures: failures.length, seconds: round3(took) }
}

async function add({ root, clone }: Pick<Place, 'root' | 'clone'>, name: string): Promise<void> {
  const base = await clone.remoteHead(main)
  if (!base) throw new Error('the server has no main')
  await clone.addWorktree({ path: join(root, 'trees', name), branch: validBranch(`module/${name}`), base })
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) / 1_000
}

function median(values: readonly number[]): number {
  return round3(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0)
}

function round3(value: number): number {
  return Math.round(value * 1_000) / 1_000
}

function flat({ atOnce, ...rest }: { atOnce: Record<string, number> } & Record<string, unknown>) {
  return { ...rest, ...Object.fromEntries(Object.entries(atOnce).map(([name, value]) => [`at once: ${name}`, value])) }
}
