/** What must be green before a merge: every page of checks, and what the branch requires. */

import { expect, test } from 'vitest'
import { expectMergedOnce, untilDone } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const unmended = `${plainSettings}ci: { fix: false }\n`

test('the failing check on page 2 blocks; what can still come is waited for; an allowed way of merging is used', async () => {
  const world = await openWorld({ settings: unmended, collaborators: { second: 'write' } })
  const { github, maintainer, repository } = world
  repository.mergeMethods = { squash: false, merge: true, rebase: false }
  const rules = { requiredChecks: ['release'], requiredApprovals: 2, ruleset: true }
  await maintainer.protectBranch(repository, 'main', rules)
  const issue = await world.queued('Many checks', 'write src/one.txt: one')
  const pull = await world.pullRequestOf(issue)
  const head_sha = pull.pull.headSha
  // GitHub lists the newest first: the oldest is on the last page.
  const check = (name: string, conclusion: 'success' | 'failure') =>
    maintainer.createCheckRun(repository, { name, head_sha, conclusion, output: { summary: '' } })
  const bad = await check('check 0', 'failure')
  // Nothing follows from so many webhooks; it is the list that counts.
  const quiet = ['check_run', 'check_suite'].map((event) =>
    github.faults.deliveries({ event, fault: { kind: 'lose' } }),
  )
  for (let n = 1; n <= 120; n++) await check(`check ${n}`, 'success')
  for (const rule of quiet) rule.remove()
  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, 'Not merged: the check check 0 failed.')
  expect(pull.pull.mergedAt).toBeNull()

  await maintainer.updateCheckRun(repository, bad, { conclusion: 'success' })
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, 'It waits for the check release. Then it is merged, as maintainer asked.')
  expect(pull.pull.mergedAt).toBeNull()
  await check('release', 'success')
  // Our settings ask for one approval, the rules of the branch for two.
  const said =
    'GitHub does not merge it yet: “At least 2 approving reviews are required by reviewers with write access.”'
  await world.untilStatus(issue, `${said}. Then it is merged, as maintainer asked.`)
  await github.as('second').review(repository, pull.number, { state: 'APPROVED' })
  await untilDone(world, issue)
  expectMergedOnce(world, issue)
  // Squashing is switched off here: the merge has a second parent.
  expect(await world.fileAt('main^2', 'src/one.txt')).toBe('one\n')
  expect(github.unknown).toEqual([])
})
