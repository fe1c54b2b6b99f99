/** What CI finds after the gates: mended by the agent, run again, or handed to a person. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PullIssue } from '../../src/playground/github/model.ts'
import { expectMergedOnce, pullsOf, untilDone } from '../support/facts.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const quick = `${plainSettings}ci: { settleSeconds: 0.2 }\n`

/** What a job of GitHub Actions prints that fails. */
const lintLog = `2026-11-01T10:00:00.0000001Z ##[group]Run npm run lint
2026-11-01T10:00:00.0000002Z \u001b[36;1mnpm run lint\u001b[0m
2026-11-01T10:00:00.0000003Z ##[endgroup]
2026-11-01T10:00:01.0000001Z src/one.txt:1:1 error: "helo" is misspelled
2026-11-01T10:00:01.0000002Z token ghs_abcdefghijklmnopqrstuvwxyz0123456789
2026-11-01T10:00:02.0000001Z ##[error]Process completed with exit code 1.
2026-11-01T10:00:03.0000001Z Post job cleanup.
`

/** The jobs of a workflow run on the head of a pull request. */
async function runJobs(world: World, pull: PullIssue, jobs: Record<string, 'success' | 'failure'>) {
  const { maintainer, repository } = world
  const head_sha = pull.pull.headSha
  const names = Object.keys(jobs)
  const runs = []
  for (const name of names)
    runs.push(await maintainer.createCheckRun(repository, { name, head_sha, status: 'in_progress' }))
  for (const run of runs) {
    const conclusion = jobs[run.name] ?? 'success'
    await maintainer.updateCheckRun(repository, run, { conclusion, log: conclusion === 'failure' ? lintLog : 'fine\n' })
  }
  return runs
}

test('a red CI goes back to the agent with its log; the second push is green and merges', async () => {
  const world = await openWorld({ settings: quick })
  const { github } = world
  const before = github.counts()
  const seen = join(world.directory, 'seen')
  const issue = await world.queued(
    'Greet',
    'attempt 1:',
    '  write src/one.txt: helo',
    'attempt 2+:',
    '  keep-prompt prompt.txt',
    `  run until test -e ${seen}; do sleep 0.1; done`,
    '  write src/one.txt: hello',
  )
  const pull = await world.pullRequestOf(issue)
  const red = pull.pull.headSha
  await runJobs(world, pull, { build: 'success', lint: 'failure', unit: 'success' })
  await world.untilStatus(issue, 'CI: 2 of 3 green, `lint` failed; an agent is fixing it (1 of 3).')
  await writeFile(seen, '')
  await world.pullRequestOf(issue, { notHead: red })
  expect(pullsOf(world, issue)).toEqual([pull])
  const prompt = await world.fileAt(pull.pull.headSha, 'prompt.txt')
  expect(prompt).toContain('##[group]Run npm run lint')
  expect(prompt).toContain('src/one.txt:1:1 error: "helo" is misspelled')
  expect(prompt).toContain('##[error]Process completed with exit code 1.')
  expect(prompt).not.toMatch(/ghs_abc|Post job cleanup|2026-11-01T/)
  const logs = github.calls.filter(({ route }) => route.endsWith('/actions/jobs/{job_id}/logs'))
  expect(logs).toHaveLength(1)

  await runJobs(world, pull, { build: 'success', lint: 'success', unit: 'success' })
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expect(await world.fileAt('main', 'src/one.txt')).toBe('hello\n')
  expectMergedOnce(world, issue)
  const after = github.counts()
  expect(after.reads + after.writes - before.reads - before.writes).toBeLessThanOrEqual(26)
})

test('a check that fails on the base branch too is run again, and no attempt is spent', async () => {
  const world = await openWorld({ settings: quick })
  const { github, maintainer, repository } = world
  const issue = await world.queued('Flaky', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  const { headSha } = pull.pull
  // Red on the base branch too: nothing that this change could have caused.
  const main = repository.refs.get('refs/heads/main')
  if (!main) throw new Error('no main')
  await maintainer.createCheckRun(repository, { name: 'e2e', head_sha: main, conclusion: 'failure' })
  await runJobs(world, pull, { e2e: 'failure', unit: 'success' })
  const again = await github.until(
    () =>
      repository.suites.flatMap(({ runs }) => runs).find((run) => run.headSha === headSha && run.status === 'queued'),
    'the rerun',
  )
  // The job that waits for its turn may be seen before the comment is written.
  await world.untilStatus(issue, /CI: 1 of 2 green, (`e2e` failed|1 not done yet); it is run again, since/)
  await maintainer.updateCheckRun(repository, again, { conclusion: 'success' })
  await world.untilStatus(issue, 'CI: all 2 green.')
  expect(github.calls.filter(({ route }) => route.endsWith('/logs'))).toEqual([])

  // History calls it flaky now, whatever the base branch says: the next pull request needs no look there.
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
  expect(world.logged.filter((line) => line.issue === issue.number && line.to === 'running')).toHaveLength(1)
})
