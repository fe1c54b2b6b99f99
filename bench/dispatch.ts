/**
 * The time from a label to the first line of the agent's program, compared with the time for the two unavoidable steps
 * alone: `git worktree add` and the start of a process.
 */

import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { startProgram } from '../src/playground/demo/program.ts'
import { startGitHub } from '../src/playground/github/server.ts'
import { percentile } from './lib/percentile.ts'

export const about = 'from a label to a running agent, compared with git and a process start alone'

const exec = promisify(execFile)

/** The agent of this benchmark: writes the time and exits. */
const stamp = (file: string) => ['/bin/sh', '-c', `date +%s%N > ${file}`]

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
  const github = await startGitHub({ directory: join(directory, 'github') })
  const file = join(directory, 'started')
  const settings = [
    'agent: command',
    'limits: { retries: 0 }',
    `agents: { command: { command: ${JSON.stringify(stamp(file))} } }`,
  ].join('\n')
  const repository = await github.createRepository({
    owner: 'bench',
    name: 'app',
    files: { ...sample(), '.github/tutti.yml': settings },
    collaborators: { maintainer: 'admin' },
  })
  await mkdir(join(directory, 'data'))
  const program = await startProgram({
    main: join(import.meta.dirname, '../src/main.ts'),
    logFile: join(directory, 'tutti.log'),
    onLine: () => {},
    env: {
      PATH: process.env.PATH ?? '',
      HOME: directory,
      APP_ID: String(github.app.id),
      PRIVATE_KEY: github.app.privateKey,
      WEBHOOK_SECRET: github.app.webhookSecret,
      GITHUB_API_URL: github.apiUrl,
      PORT: '0',
      DATA_DIR: join(directory, 'data'),
      MEMORY_PER_AGENT_MB: '16',
      // The agent says outside of its worktree when it began.
      SANDBOX_WRITE: directory,
      ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
    },
  })
  try {
    github.setWebhookUrl(`${program.url}/api/github/webhooks`)
    const maintainer = github.as('maintainer')
    const times: number[] = []
    // The first two create the bare clone and fill caches: a running service has done that long ago.
    for (let index = -2; index < items; index++) {
      await rm(file, { force: true })
      const issue = await maintainer.createIssue(repository, { title: `Item ${index}`, body: '' })
      await untilIdle(github.changed)
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
    await program.stop()
    await github.close()
  }
}

/** Waits until nothing has happened for a moment, so that no work of the last item counts for the next one. */
async function untilIdle(changed: EventTarget): Promise<void> {
  await new Promise<void>((resolve) => {
    let timer = setTimeout(done, 150)
    function again() {
      clearTimeout(timer)
      timer = setTimeout(done, 150)
    }
    function done() {
      changed.removeEventListener('change', again)
      resolve()
    }
    changed.addEventListener('change', again)
  })
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
    const [program = '', ...args] = stamp(file)
    const clock = Date.now()
    await exec(program, args)
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
