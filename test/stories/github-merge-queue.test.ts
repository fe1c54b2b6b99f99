/** A repository whose rules ask for GitHub's own merge queue: GitHub merges, and Tutti's gates judge what it puts together. */

import { expect, test } from 'vitest'
import type { PullIssue } from '../../src/playground/github/model.ts'
import { branchLog, expectMergedOnce, untilDone } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

const settings = `agent: scripted
gates:
  commands: [{ name: tests, run: 'test "$(cat src/*.txt | grep -c ONLY)" -le 1' }]
`

test('merged by the queue of GitHub, one after the other; what fails there comes back, and goes in again', async () => {
  const world = await openWorld({ settings })
  const { github, maintainer, repository } = world
  await maintainer.protectBranch(repository, 'main', { requiredChecks: ['ci'], upToDate: false, mergeQueue: true })
  const ci = (head_sha: PullIssue['pull']['headSha']) =>
    maintainer.createCheckRun(repository, { name: 'ci', head_sha, conclusion: 'success' })
  const [first, second] = [
    await world.queued('One', 'write src/a.txt: ONLY'),
    await world.queued('Two', 'write src/b.txt: ONLY'),
  ]
  const wished = async (pull: PullIssue) => {
    await ci(pull.pull.headSha)
    await maintainer.review(repository, pull.number, { state: 'APPROVED' })
    await maintainer.comment(repository, pull.number, '/merge')
    await github.until(
      () => repository.mergeQueue.some(({ issue }) => issue === pull),
      `#${pull.number} is in the queue`,
    )
  }
  const groupOf = async (pull: PullIssue) => {
    const group = () => repository.mergeQueue.find(({ issue }) => issue === pull)?.group
    return github.until(group, `the group of #${pull.number}`)
  }
  const [a, b] = [await world.pullRequestOf(first), await world.pullRequestOf(second)]
  await wished(a)
  await world.untilStatus(first, "in GitHub's own merge queue of `main`")
  await wished(b)
  const group = await groupOf(a)
  await github.until(() => ownCheck(group.sha) === 'success', 'the gates passed on the group')
  expect(a.pull.mergedAt).toBeNull()
  await ci(group.sha)
  await untilDone(world, first)
  expectMergedOnce(world, first)
  expect(await world.fileAt(repository.refs.get('refs/heads/main') ?? '', 'src/a.txt')).toBe('ONLY\n')

  // On top of the first one it fails: the required check of Tutti says so, and GitHub takes it out.
  await maintainer.protectBranch(repository, 'main', { requiredChecks: ['ci', 'Tutti'], mergeQueue: true })
  const failing = await groupOf(b)
  await ci(failing.sha)
  const reported = await world.untilStatus(second, 'GitHub has taken it out of its merge queue (ci failure)')
  expect(ownCheck(failing.sha)).toBe('failure')
  expect(reported).toContain('say `/merge`')
  expect(b.pull.mergedAt).toBeNull()

  await maintainer.push(repository, b.pull.headRef, { 'src/b.txt': 'other\n' }, 'Say something else')
  const mended = await world.pullRequestOf(second, { notHead: failing.sha })
  await github.until(() => ownCheck(mended.pull.headSha) === 'success', 'the gates passed on the mended head')
  await wished(mended)
  await ci((await groupOf(mended)).sha)
  await untilDone(world, second)
  expect(mended.pull.mergedAt).not.toBeNull()
  expect([...repository.refs.keys()].filter((ref) => ref.includes('gh-readonly-queue'))).toEqual([])
  expect(github.unknown).toEqual([])

  function ownCheck(sha: string) {
    return repository.suites
      .flatMap(({ headSha, runs }) => (headSha === sha ? runs : []))
      .find(({ name }) => name === 'Tutti')?.conclusion
  }
})

test('where heads must be up to date, one that is behind is brought up first, judged, approved and merged', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  await maintainer.protectBranch(repository, 'main', { requiredChecks: [], upToDate: true })
  const issue = await world.queued('Behind', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  const before = pull.pull.headSha
  const moved = await maintainer.push(repository, 'main', { 'other.txt': 'other\n' }, 'Something else')
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  await github.until(() => pull.pull.headSha !== before, 'the base is in it')
  expect(pull.pull.mergedAt).toBeNull()
  expect(await branchLog(world, pull)).toContainEqual(
    expect.objectContaining({ subject: expect.stringMatching(/^Merge/) }),
  )
  await world.pullRequestOf(issue, { notHead: before })
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
  expect(await world.fileAt(`main^`, 'other.txt')).toBe('other\n')
  expect(moved).not.toBe(repository.refs.get('refs/heads/main'))
})
