/**
 * Calls of GitHub's API that one item takes from its label to its merge, counted by the playground: without any trouble,
 * and with a failing CI and a round of review. The promise: at most 15 with 8 writes, and at most 30.
 */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { PullIssue } from '../src/playground/github/model.ts'
import { type ServedWorld, startServedWorld } from './lib/served-world.ts'

export const about = "calls of GitHub's API from a label to the merge"

/** After the last step a comment may be edited once more. */
const quietMs = 3_000

/** `npm run bench -- calls [--json] [--routes]` */
export async function run(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { json: { type: 'boolean', default: false }, routes: { type: 'boolean', default: false } },
  })
  const directory = await mkdtemp(join(tmpdir(), 'tutti-bench-'))
  const world = await startServedWorld({
    directory,
    script: 'mkdir -p src; date +%N >> src/work.txt; echo Worked.',
    settings: 'ci: { settleSeconds: 0.2 }\n',
  })
  try {
    await world.untilIdle(quietMs)
    // The first item of a process asks who commits are by, and what the branch requires.
    await counted(world, () => plain(world))
    const plainly = await counted(world, () => plain(world))
    const troubled = await counted(world, () => reviewAndCi(world))
    const total = troubled.reads + troubled.writes
    if (values.json) {
      const { reads, writes } = plainly
      console.log(JSON.stringify({ plain: { reads, writes }, reviewAndCi: { total } }))
    } else {
      console.log(`plain: ${plainly.reads} reads, ${plainly.writes} writes (at most 15 together, 8 writes)`)
      console.log(`with a failing CI and a round of review: ${total} (at most 30)`)
    }
    if (values.routes) for (const one of [plainly, troubled]) console.log(`\n${one.routes.join('\n')}`)
  } finally {
    await world.stop()
    await rm(directory, { recursive: true, force: true })
  }
}

async function counted({ github, untilIdle }: ServedWorld, journey: () => Promise<void>) {
  const [before, from] = [github.counts(), github.calls.length]
  await journey()
  await untilIdle(quietMs)
  const after = github.counts()
  const calls = github.calls.slice(from).filter((call) => !call.minting)
  return {
    reads: after.reads - before.reads,
    writes: after.writes - before.writes,
    routes: calls.map((call) => `${call.status} ${call.method} ${call.path}`),
  }
}

async function queued({ maintainer, repository }: ServedWorld) {
  const issue = await maintainer.createIssue(repository, { title: 'Work', body: '' })
  return maintainer.addLabels(repository, issue.number, ['tutti'])
}

async function plain(world: ServedWorld): Promise<void> {
  await merge(world, await world.pullRequestOf(await queued(world)))
}

async function reviewAndCi(world: ServedWorld): Promise<void> {
  const { maintainer, repository } = world
  const issue = await queued(world)
  const pull = await world.pullRequestOf(issue)
  const red = pull.pull.headSha
  await check(world, red, 'failure')
  await world.pullRequestOf(issue, red)
  const green = pull.pull.headSha
  await check(world, green, 'success')
  await maintainer.review(repository, pull.number, { state: 'CHANGES_REQUESTED', body: 'One more line, please.' })
  await world.pullRequestOf(issue, green)
  await check(world, pull.pull.headSha, 'success')
  await merge(world, pull)
}

async function check(
  { maintainer, repository }: ServedWorld,
  sha: PullIssue['pull']['headSha'],
  conclusion: 'success' | 'failure',
) {
  const run = await maintainer.createCheckRun(repository, { name: 'tests', head_sha: sha, status: 'in_progress' })
  await maintainer.updateCheckRun(repository, run, { conclusion, log: 'expected 1, got 2\n' })
}

async function merge({ github, maintainer, repository }: ServedWorld, pull: PullIssue): Promise<void> {
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  await github.until(() => pull.pull.mergedAt, `#${pull.number} is merged`)
  await github.until(() => !repository.refs.has(`refs/heads/${pull.pull.headRef}`), 'the branch is gone')
}
