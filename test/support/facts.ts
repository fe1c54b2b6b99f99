/** What many stories assert, whatever went wrong on the way: nothing was said, opened or reported twice. */

import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'vitest'
import type { IssueRecord as Issue, PullIssue } from '../../src/playground/github/model.ts'
import type { World } from './world.ts'

/** Every pull request that was ever opened for an issue. */
export function pullsOf({ repository }: World, issue: Issue): PullIssue[] {
  return [...repository.issues.values()].filter(
    (one): one is PullIssue => one.pull !== undefined && (one.body ?? '').includes(`Closes #${issue.number}\n`),
  )
}

/** Tutti's check runs on a commit. */
export function checkRunsOn({ repository }: World, sha: string) {
  return repository.suites
    .filter((suite) => suite.headSha === sha)
    .flatMap((suite) => suite.runs)
    .filter((run) => run.name === 'Tutti')
}

/** Merged and closed, with one status comment on the issue and at most one on its one pull request, one check run, and no branch left. */
export function expectMergedOnce(world: World, issue: Issue): void {
  const [pull, ...others] = pullsOf(world, issue)
  expect(others, 'further pull requests').toEqual([])
  expect(pull?.pull.mergedAt, 'the merge').toBeTruthy()
  expect(issue.state).toBe('closed')
  expect(byBot(issue), 'comments of the bot on the issue').toHaveLength(1)
  expect(byBot(pull).length, 'comments of the bot on the pull request').toBeLessThanOrEqual(1)
  expect(checkRunsOn(world, pull?.pull.headSha ?? ''), 'check runs').toHaveLength(1)
  expect(world.github.unknown).toEqual([])
}

/** Waits until an agent works on an issue. */
export async function begun({ github, logged }: World, issue: Issue): Promise<void> {
  const started = () => logged.some((line) => line.issue === issue.number && line.to === 'running')
  await github.until(started, `an agent works on #${issue.number}`, 120_000)
}

/** What the bot said on an issue or a pull request. */
export function byBot(issue: Issue | undefined) {
  return (issue?.comments ?? []).filter((comment) => comment.user.type === 'Bot')
}

/** From the label to the end: review, `/merge`, the status says that it is done, the branch is gone. */
export async function untilMerged(world: World, issue: Issue): Promise<PullIssue> {
  const pull = await world.pullRequestOf(issue)
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  // When GitHub asked for a pause, the merge goes first.
  await world.github.until(() => checkRunsOn(world, pull.pull.headSha).length > 0, `the check run of #${pull.number}`)
  return pull
}

/** Waits until the status says that the issue is done and the branch is gone. */
export async function untilDone({ github, repository, untilStatus }: World, issue: Issue): Promise<void> {
  await untilStatus(issue, '▰▰▰▰▰ Done')
  const branch = `refs/heads/module/issue-${issue.number}`
  await github.until(() => !repository.refs.has(branch), `the branch of #${issue.number} is gone`, 120_000)
}

/** The commits of a pull request, newest first. */
export async function branchLog({ repository }: World, { pull }: PullIssue) {
  const range = [`^refs/heads/${pull.baseRef}`, pull.headSha]
  const args = ['-C', repository.path, 'log', '--format=%an <%ae>%x00%s%x00%b%x01', ...range]
  const { stdout } = await promisify(execFile)('git', args)
  return stdout
    .split('\x01')
    .map((text) => text.trim())
    .filter(Boolean)
    .map((text) => {
      const [author = '', subject = '', body = ''] = text.split('\0')
      return { author, subject, body }
    })
}
