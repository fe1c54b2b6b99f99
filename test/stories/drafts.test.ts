/** Where the settings want it, work is shown as a draft until its gates have passed. */

import { expect, test } from 'vitest'
import { checkRunsOn, pullsOf } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

test('a draft while gates run, with the check run of what failed; ready once they pass; never with a secret', async () => {
  const world = await openWorld({ settings: `${plainSettings}pullRequests: { drafts: true }\n` })
  const { github, repository } = world
  const issue = await world.queued(
    'Shown early',
    'attempt 1:',
    'write src/one.txt: BROKEN',
    'attempt 2+:',
    'write src/one.txt: works',
  )
  await github.until(() => pullsOf(world, issue).length > 0, 'the draft is there')
  const opened = () => github.deliveries.find(({ event, action }) => event === 'pull_request' && action === 'opened')
  await github.until(() => opened() !== undefined, 'its event')
  const { draft, body, head } = JSON.parse(opened()?.payload ?? '').pull_request
  expect(draft).toBe(true)
  expect(body).toContain('The gates have not passed on this yet')
  await github.until(() => checkRunsOn(world, head.sha)[0]?.conclusion === 'failure', 'the check run of what failed')

  const pull = await world.pullRequestOf(issue)
  await github.until(() => !pull.pull.draft, 'it is ready for review')
  expect(pullsOf(world, issue)).toEqual([pull])
  expect(pull.pull.headSha).not.toBe(head.sha)
  expect(pull.body).not.toContain('The gates have not passed on this yet')
  await world.approveAndMerge(pull)

  const token = ['ghp', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'].join('_')
  const leaky = await world.queued('With a secret', `write src/two.txt: ${token}`)
  await world.untilStatus(leaky, 'A secret must not leave this machine')
  expect(pullsOf(world, leaky)).toEqual([])
  expect([...repository.refs.keys()]).not.toContain(`refs/heads/module/issue-${leaky.number}`)
  expect(github.unknown).toEqual([])
})
