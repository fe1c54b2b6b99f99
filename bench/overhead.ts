/**
 * What Tutti adds to the steps that cannot be avoided, measured in the same run against the same playground: from the
 * label to the agent's first line (alone: fetch, `git worktree add`, a process start), and from the agent's end to the
 * open pull request (alone: commit, push, one call). The aim: at most 1.25 × and 50 ms.
 */

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { Octokit } from '@octokit/rest'
import { percentile } from './lib/percentile.ts'
import { type ServedWorld, startServedWorld } from './lib/served-world.ts'

export const about = 'what Tutti adds to git, a process start and one call'

const exec = promisify(execFile)

/** Milliseconds of both halves of a journey. */
interface Halves {
  start: number
  open: number
}

/** The first ones create the bare clone and fill caches: a running service has done that long ago. */
const warmUp = 2

/** `npm run bench -- overhead [--items N] [--json]` */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { items: { type: 'string', default: '20' }, json: { type: 'boolean', default: false } },
  })
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  const started = join(directory, 'started')
  const ended = join(directory, 'ended')
  const script = `date +%s%N > ${started}; mkdir -p src; date +%N > src/work.txt; date +%s%N > ${ended}`
  // The agent says outside of its worktree when it began; the sandbox is part of what Tutti adds.
  const world = await startServedWorld({ directory, script, files: sample(), env: { SANDBOX_WRITE: directory } })
  try {
    const [served, alone]: [Halves[], Halves[]] = [[], []]
    for (let index = -warmUp; index < Number(values.items); index++) {
      const one = await throughTutti(world, { started, ended })
      const other = await byHand(world, directory, { script, started, index: index + warmUp })
      if (index < 0) continue
      served.push(one)
      alone.push(other)
    }
    print(served, alone, values.json)
  } finally {
    await world.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function throughTutti(world: ServedWorld, files: { started: string; ended: string }): Promise<Halves> {
  const { github, repository, maintainer } = world
  await rm(files.started, { force: true })
  await rm(files.ended, { force: true })
  const issue = await maintainer.createIssue(repository, { title: 'Work', body: '' })
  // The clean-up after the last one must not count for this one.
  await world.untilIdle(1_500)
  const labelled = Date.now()
  await maintainer.addLabels(repository, issue.number, ['tutti'])
  const pull = await world.pullRequestOf(issue)
  const opened = github.calls.findLast((call) => call.route === 'POST /repos/{owner}/{repo}/pulls')?.at.getTime() ?? 0
  const times = { start: (await stamp(files.started)) - labelled, open: opened - (await stamp(files.ended)) }
  await maintainer.closePullRequest(repository, pull.number)
  await maintainer.closeIssue(repository, issue.number)
  return times
}

/** The same steps, as a person with a shell would take them. */
async function byHand(
  { github, repository, maintainer }: ServedWorld,
  directory: string,
  { script, started, index }: { script: string; started: string; index: number },
): Promise<Halves> {
  const clone = join(directory, 'by-hand.git')
  const url = new URL(`${repository.owner.login}/${repository.name}.git`, github.url)
  Object.assign(url, { username: 'x-access-token', password: maintainer.token })
  if (index === 0) await exec('git', ['clone', '-q', '--bare', url.href, clone])
  const [tree, branch] = [join(directory, `tree-${index}`), `by-hand/${index}`]
  const git = (...args: string[]) => exec('git', ['-c', 'user.name=bench', '-c', 'user.email=bench@localhost', ...args])
  const octokit = new Octokit({ baseUrl: github.apiUrl, auth: maintainer.token })
  const begin = Date.now()
  await git('-C', clone, 'fetch', '-q', 'origin', 'main')
  await git('-C', clone, 'worktree', 'add', '-q', '-b', branch, tree, 'FETCH_HEAD')
  await exec('/bin/sh', ['-c', script], { cwd: tree })
  const end = Date.now()
  await git('-C', tree, 'add', '-A')
  await git('-C', tree, 'commit', '-q', '-m', 'work')
  await git('-C', tree, 'push', '-q', 'origin', branch)
  const at = { owner: repository.owner.login, repo: repository.name }
  await octokit.rest.pulls.create({ ...at, head: branch, base: 'main', title: 'By hand', body: '' })
  return { start: (await stamp(started)) - begin, open: Date.now() - end }
}

/** The time that `date +%s%N` has written, in ms since 1970. */
async function stamp(file: string): Promise<number> {
  return Number(BigInt((await readFile(file, 'utf8')).trim()) / 1_000_000n)
}

function sample(): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: 50 }, (_, index) => [`src/file-${index}.txt`, `line ${index}\n`.repeat(40)]),
  )
}

function print(served: Halves[], alone: Halves[], json: boolean): void {
  const half = (name: keyof Halves) => {
    const of = (all: Halves[], percent: number) =>
      percentile(
        all.map((one) => one[name]),
        percent,
      )
    const bare = { p50: of(alone, 50), p95: of(alone, 95) }
    const aim = { p50: Math.round(1.25 * bare.p50 + 50), p95: Math.round(1.25 * bare.p95 + 50) }
    return { p50: of(served, 50), p95: of(served, 95), alone: bare, aim }
  }
  const result = { items: served.length, labelToAgent: half('start'), agentToPullRequest: half('open') }
  if (json) {
    console.log(JSON.stringify(result))
    return
  }
  for (const [name, one] of [
    ['label → agent started', result.labelToAgent],
    ['agent ended → pull request open', result.agentToPullRequest],
  ] as const) {
    const bare = `alone ${one.alone.p50} and ${one.alone.p95} ms, aim ${one.aim.p50} and ${one.aim.p95} ms`
    console.log(`${name}, ${result.items} items: p50 ${one.p50} ms, p95 ${one.p95} ms (${bare})`)
  }
}
