/** The forecast of conflicts among open branches, after a push. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { sharedPairs } from '../src/domain/forecast.ts'
import { openBareClone } from '../src/git/bare-clone.ts'
import { OperatorError } from '../src/lib/errors.ts'
import { type Sha, sha } from '../src/lib/ids.ts'

/** One line for the list of benchmarks. */
export const about = 'which of 50 open branches conflict with each other, all pairs and after one push'

const USAGE = 'usage: npm run bench -- forecast [--branches N] [--files N] [--json]'
const exec = promisify(execFile)

/**
 * Makes a repository of many files and branches that all touch one directory, so that every pair is compared; every
 * fifth of them changes the same line.
 */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      branches: { type: 'string', default: '50' },
      files: { type: 'string', default: '2000' },
      json: { type: 'boolean', default: false },
    },
  })
  const [branches, files] = [values.branches, values.files].map(Number)
  if (!branches || !files) throw new OperatorError('branches and files are numbers above 0', USAGE)
  const root = await mkdtemp(join(tmpdir(), 'tutti-bench-forecast-'))
  try {
    const figures = await measure(root, branches, files)
    const text = `${branches} open branches, ${files} files: ${figures.pairs} pairs in ${figures.allMs.toFixed(0)} ms, ${figures.conflicts} conflicts; after a push ${figures.pairsAfterPush} pairs in ${figures.afterPushMs.toFixed(0)} ms\n`
    process.stdout.write(values.json ? `${JSON.stringify({ branches, files, ...figures })}\n` : text)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

async function measure(root: string, branches: number, files: number) {
  const heads = await makeServer(join(root, 'server'), branches, files)
  const clone = await openBareClone({
    directory: join(root, 'tutti'),
    cloneUrl: join(root, 'server'),
    token: async () => undefined,
    allowLocal: true,
  })
  const items = heads.map((_, id) => ({ id, paths: ['src'] }))
  const time = async (pairs: [number, number][]) => {
    const started = performance.now()
    const commits = pairs.map(([one, other]) => [heads[one] as Sha, heads[other] as Sha] as const)
    const results = await clone.forecastPairs(commits)
    return { ms: performance.now() - started, conflicts: results.filter(({ clean }) => !clean).length }
  }
  const started = performance.now()
  const pairs = sharedPairs(items)
  const choosingMs = performance.now() - started
  const all = await time(pairs)
  const mine = pairs.filter(([one, other]) => one === 0 || other === 0)
  const one = await time(mine)
  return {
    pairs: pairs.length,
    allMs: choosingMs + all.ms,
    conflicts: all.conflicts,
    pairsAfterPush: mine.length,
    afterPushMs: choosingMs + one.ms,
  }
}

async function makeServer(folder: string, branches: number, files: number): Promise<Sha[]> {
  const git = async (...args: string[]) => (await exec('git', ['-C', folder, ...args])).stdout.trim()
  await mkdir(join(folder, 'src'), { recursive: true })
  await git('init', '-q', '-b', 'main')
  await git('config', 'user.name', 'bench')
  await git('config', 'user.email', 'bench@example.com')
  for (let n = 0; n < files; n++) await writeFile(join(folder, 'src', `file-${n}.txt`), `line of ${n}\n`)
  await git('add', '-A')
  await git('commit', '-q', '-m', 'First')
  const heads: Sha[] = []
  for (let n = 0; n < branches; n++) {
    await git('checkout', '-q', '-b', `module/issue-${n}`, 'main')
    await writeFile(join(folder, 'src', `new-${n}.txt`), `new ${n}\n`)
    if (n % 5 === 0) await writeFile(join(folder, 'src', 'file-0.txt'), `line of branch ${n}\n`)
    await git('add', '-A')
    await git('commit', '-q', '-m', `Work ${n}`)
    heads.push(sha(await git('rev-parse', 'HEAD')))
  }
  return heads
}
