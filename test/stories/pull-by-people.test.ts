/** People do things to the pull request and its branch by hand; nothing of theirs is lost, and it is said what follows. */

import { expect, test } from 'vitest'
import { byBot, expectMergedOnce, pullsOf, untilDone } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('merged by hand is done, and releases what waited', async () => {
  const world = await openWorld()
  const { maintainer, repository } = world
  const issue = await world.queued('By hand', 'write src/one.txt: one')
  const next = await maintainer.createIssue(repository, { title: 'Next', body: `Depends on #${issue.number}` })
  await maintainer.addLabels(repository, next.number, ['tutti'])
  const pull = await world.pullRequestOf(issue)
  await maintainer.mergePullRequest(repository, pull.number, { method: 'squash' })
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
  await world.pullRequestOf(next)
})

test('closed by a person: held with the ways on; opened again by hand, or by /retry', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const issue = await world.queued('Closed', 'append src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.closePullRequest(repository, pull.number)
  await world.untilStatus(issue, `Pull request #${pull.number} was closed by maintainer without a merge`)
  expect(world.status(issue)).toContain('`/retry` works on the issue again, `/unqueue` gives it up')
  await github.until(() => issue.labels.some(({ name }) => name === 'tutti:held'), 'the label says so')

  await maintainer.reopenIssue(repository, pull.number)
  await world.untilStatus(issue, 'opened again by maintainer; what was approved before no longer counts')
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, 'It waits: someone with write access must approve')
  await github.until(() => !issue.labels.some(({ name }) => name === 'tutti:held'), 'the label is gone')

  await maintainer.closePullRequest(repository, pull.number)
  await world.untilStatus(issue, 'was closed by maintainer')
  await maintainer.comment(repository, issue.number, '/retry')
  expect(await world.pullRequestOf(issue)).toBe(pull)
  expect(await world.fileAt(pull.pull.headSha, 'src/one.txt')).toBe('one\none\n')
  expect(pullsOf(world, issue)).toHaveLength(1)
  expect(byBot(issue)).toHaveLength(1)
  expect(github.unknown).toEqual([])
})

test('pointed at another branch: what was approved no longer counts, and it is not merged there', async () => {
  const world = await openWorld()
  const { maintainer, repository } = world
  await maintainer.createBranch(repository, 'elsewhere')
  const issue = await world.queued('Retargeted', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.editPullRequest(repository, pull.number, { base: 'elsewhere' })
  await world.untilStatus(issue, 'now goes to `elsewhere`; what was approved before no longer counts')
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, 'Not merged: it now goes to `elsewhere`, not `main`')
  expect(pull.pull.mergedAt).toBeNull()
})

test('the branch deleted by a person: held; /retry works on the issue again', async () => {
  const world = await openWorld()
  const { maintainer, repository } = world
  const issue = await world.queued('Deleted', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  // GitHub closes a pull request whose branch is gone.
  await maintainer.deleteBranch(repository, pull.pull.headRef)
  await world.untilStatus(issue, /Held[\s\S]*`\/retry` works on the issue again/)
  await maintainer.comment(repository, issue.number, '/retry')
  expect(await world.pullRequestOf(issue)).toBe(pull)
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
})
