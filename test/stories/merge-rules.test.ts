/** What stands between an approval and the merge: checks of others, protected paths, and a head that moves. */

import { expect, test } from 'vitest'
import { byBot, checkRunsOn, expectMergedOnce, untilDone } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

test('a failing check is named and blocks; once it is green /merge merges', async () => {
  const world = await openWorld({ settings: `${plainSettings}ci: { fix: false }\n` })
  const { maintainer, repository } = world
  const issue = await world.queued('Checked', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  const sha = pull.pull.headSha
  await maintainer.createStatus(repository, { sha, state: 'failure', context: 'ci/lint' })
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, 'Not merged: the check ci/lint failed.')
  expect(pull.pull.mergedAt).toBeNull()

  const slow = await maintainer.createCheckRun(repository, { name: 'e2e', head_sha: sha, status: 'in_progress' })
  await maintainer.createStatus(repository, { sha, state: 'success', context: 'ci/lint' })
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, 'It waits for the check e2e. Then it is merged, as maintainer asked.')
  await maintainer.updateCheckRun(repository, slow, { status: 'completed', conclusion: 'success' })
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
})

test('protected paths need an explicit word about this very commit', async () => {
  const world = await openWorld({ files: { CODEOWNERS: '* @maintainer\n' } })
  const { maintainer, repository } = world
  const issue = await world.queued('Take over', 'write CODEOWNERS: * @nobody')
  const pull = await world.pullRequestOf(issue)
  expect(world.status(issue)).toMatch(/✋ \| protected-paths \| Protected: `CODEOWNERS`/)
  expect(world.status(issue)).toContain(
    '; it changes protected paths, which a person must allow. **Approve** it, then say `/merge --protected`',
  )
  expect(checkRunsOn(world, pull.pull.headSha)).toMatchObject([{ conclusion: 'neutral' }])
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  const refused = /changes protected paths\. Protected: `CODEOWNERS`[\s\S]*say `\/merge --protected`/
  await world.github.until(() => byBot(pull).some(({ body }) => refused.test(body)), 'the answer on the pull request')
  expect(pull.pull.mergedAt).toBeNull()
  await maintainer.comment(repository, issue.number, '/merge --protected')
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
})

test('a person pushes after the approval: not merged and said; the gates look again, and a new approval merges', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const issue = await world.queued('Moves', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  const { headRef, headSha: old } = pull.pull
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  // No push is reported yet when /merge is said.
  const late = ['push', 'pull_request'].map((event) => github.faults.deliveries({ event, fault: { kind: 'delay' } }))
  const head = await github.as('helper').push(repository, headRef, { 'src/theirs.txt': 'theirs\n' }, 'Help out')
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, `the branch moved to ${head.slice(0, 7)} after it was checked and approved`)
  expect(pull.pull.mergedAt).toBeNull()

  for (const rule of late) rule.remove()
  const judged = await world.pullRequestOf(issue, { notHead: old })
  expect(judged).toBe(pull)
  expect(await github.until(() => checkRunsOn(world, head).at(0)?.conclusion, 'a verdict')).toBe('success')
  expect(repository.refs.get(`refs/heads/${headRef}`)).toBe(head)
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, `must approve \`${head.slice(0, 7)}\` first`)
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expect(await world.fileAt('main', 'src/theirs.txt')).toBe('theirs\n')
  expectMergedOnce(world, issue)
})

test('a push in the very moment of the merge: GitHub refuses the old commit, and that is said', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const issue = await world.queued('Races', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  const slow = github.faults.api({
    route: 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge',
    times: 1,
    fault: { kind: 'latency', ms: 1_500 },
  })
  const late = ['push', 'pull_request'].map((event) => github.faults.deliveries({ event, fault: { kind: 'delay' } }))
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  await github.until(() => slow.fired > 0, 'the merge is asked for')
  await maintainer.push(repository, pull.pull.headRef, { 'src/late.txt': 'late\n' }, 'In the last moment')
  await world.untilStatus(issue, 'Not merged: the branch moved after the approval. Review the new commit.')
  expect(pull.pull.mergedAt).toBeNull()
  for (const rule of late) rule.remove()
  await github.until(() => checkRunsOn(world, pull.pull.headSha).length > 0, 'the gates looked at the new commit')
  await world.pullRequestOf(issue)
  await world.approveAndMerge(pull)
  await untilDone(world, issue)
  expect(byBot(issue)).toHaveLength(1)
})
