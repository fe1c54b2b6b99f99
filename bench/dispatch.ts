/**
 * The time from a label to the first line of the agent's program, compared with the time for the two unavoidable steps
 * alone: `git worktree add` and the start of a process.
 */

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { percentile } from './lib/percentile.ts'
import { startServedWorld } from './lib/served-world.ts'

export const about = 'from a label to a running agent, compared with git and a process start alone'

const exec = promisify(execFile)

/** The agent of this benchmark: writes the time and exits. */
const stamp = (file: string) => `date +%s%N > ${file}`

/** `npm run bench -- dispatch [--items N] [--json]` */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { items: { type: 'string', default: '40' }, json: { type: 'boolean', default: false } },
  })
  const items = Number(values.items)
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  try {
    const labelled = await labels(directory, items)
    const alone = await aloneTimes(directory, items)
    const result = {
      items,
      p50: rounded(labelled, 50),
      p95: rounded(labelled, 95),
      alone: {
        worktreeAdd: rounded(
          alone.map((one) => one.worktree),
          95,
        ),
        processStart: rounded(
          alone.map((one) => one.process),
          95,
        ),
        p95: rounded(
          alone.map((one) => one.worktree + one.process),
          95,
        ),
      },
    }
    const target = round(1.25 * result.alone.p95 + 50)
    print({ ...result, target }, values.json)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Milliseconds from each label to the agent's first line, one issue after another. */
async function labels(directory: string, items: number): Promise<number[]> {
  const file = join(directory, 'started')
  // The agent says outside of its worktree when it began, and changes nothing: its item is held at once.
  const world = await startServedWorld({
    ...{ directory, script: stamp(file), settings: 'limits: { retries: 0 }\n' },
    ...{ files: sample(), env: { SANDBOX_WRITE: directory } },
  })
  const { github, repository, maintainer } = world
  try {
    const times: number[] = []
    // The first two create the bare clone and fill caches: a running service has done that long ago.
    for (let index = -2; index < items; index++) {
      await rm(file, { force: true })
      const issue = await maintainer.createIssue(repository, { title: `Item ${index}`, body: '' })
      await world.untilIdle(150)
      const start = Date.now()
      await maintainer.addLabels(repository, issue.number, ['tutti'])
      const started = await github.until(
        () =>
          readFile(file, 'utf8').then(
            (text) => text.trim(),
            () => undefined,
          ),
        'the agent started',
      )
      if (index >= 0) times.push(Number(BigInt(started) / 1_000_000n) - start)
      await github.until(() => issue.labels.some((label) => label.name === 'tutti:held'), 'the item is held')
    }
    return times
  } finally {
    await world.stop()
  }
}

/** The same two steps without Tutti, in milliseconds. */
async function aloneTimes(directory: string, items: number): Promise<{ worktree: number; process: number }[]> {
  const source = join(directory, 'alone')
  await exec('git', ['init', '-q', '-b', 'main', source])
  for (const [path, text] of Object.entries(sample())) {
    await mkdir(join(source, path, '..'), { recursive: true })
    await writeFile(join(source, path), text)
  }
  await exec('git', ['-C', source, 'add', '-A'])
  await exec('git', [
    '-C',
    source,
    '-c',
    'user.name=bench',
    '-c',
    'user.email=bench@localhost',
    'commit',
    '-q',
    '-m',
    'first',
  ])
  const bareClone = join(directory, 'alone.git')
  await exec('git', ['clone', '-q', '--bare', source, bareClone])
  const times: { worktree: number; process: number }[] = []
  const file = join(directory, 'alone-started')
  for (let index = -2; index < items; index++) {
    const begin = performance.now()
    await exec('git', [
      '-C',
      bareClone,
      'worktree',
      'add',
      '-q',
      '-b',
      `module/${index + 2}`,
      join(directory, `tree-${index}`),
      'main',
    ])
    const added = performance.now()
    const clock = Date.now()
    await exec('/bin/sh', ['-c', stamp(file)])
    const started = Number(BigInt((await readFile(file, 'utf8')).trim()) / 1_000_000n) - clock
    if (index >= 0) times.push({ worktree: added - begin, process: Math.max(0, started) })
  }
  return times
}

function sample(): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`src/file-${index}.txt`, `line ${index}\n`.repeat(40)]),
  )
}

function rounded(values: readonly number[], percent: number): number {
  return round(percentile(values, percent))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function print(
  result: { p50: number; p95: number; target: number; alone: object; items: number },
  json: boolean,
): void {
  if (json) {
    console.log(JSON.stringify(result))
    return
  }
  console.log(
    `label → agent started, ${result.items} items: p50 ${result.p50} ms, p95 ${result.p95} ms (target: at most ${result.target} ms)`,
  )
  console.log(`alone, p95: ${JSON.stringify(result.alone)}`)
}
