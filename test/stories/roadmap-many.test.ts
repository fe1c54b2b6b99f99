/** Roadmaps at their limits: more than a page of parts, the longest text, shared and given up, edited, answers lost, old servers. */

import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

test('more than a page of parts in the longest text: few calls, no comment on those that wait, given up together', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const first = await world.issue('First')
  await maintainer.comment(repository, first.number, '/pause all')
  await github.until(() => byBot(first).length > 0, 'the repository is paused')
  const parts = []
  for (let at = 0; at < 110; at++) parts.push(await maintainer.createIssue(repository, { title: `Part ${at}` }))
  const lines = parts.map((part) => `- [ ] #${part.number}`).join('\n')
  const body = `${lines}\n\n${'x'.repeat(65_536 - lines.length - 2)}`
  const roadmap = await maintainer.createIssue(repository, { title: 'Hundreds', body })
  const before = github.counts()
  await maintainer.addLabels(repository, roadmap.number, ['roadmap'])
  const last = parts.at(-1)
  if (!last) throw new Error('no parts')
  const ready = () => world.logged.filter((line) => /: queued → ready$/.test(line.msg)).length
  await github.until(() => ready() >= 110, 'all are triaged', 300_000)
  const after = github.counts()
  expect(after.reads - before.reads).toBeLessThanOrEqual(15)
  expect(after.writes - before.writes).toBeLessThanOrEqual(10)
  expect(parts.flatMap((part) => byBot(part))).toEqual([])
  await maintainer.comment(repository, roadmap.number, '/roadmap')
  await world.untilStatus(roadmap, '110 parts: 110 waiting')
  await maintainer.comment(repository, last.number, '/priority 0')
  await world.untilStatus(last, 'priority is 0 now')

  await maintainer.removeLabel(repository, roadmap.number, 'roadmap')
  const given = () => world.logged.filter((line) => /: ready → cancelled$/.test(line.msg)).length
  await github.until(() => given() >= 109, 'those no one began are given up', 300_000)
  expect(parts.filter((part) => byBot(part).length > 0)).toEqual([last])
  expect(pullsOf(world, roadmap)).toEqual([])
}, 600_000)

test('answers lost, a server without sub-issues, edits by who may and who may not, an issue of two roadmaps', async () => {
  const missing = [{ route: '* /repos/{owner}/{repo}/issues/{issue_number}/sub_issues*', status: 404 as const }]
  const world = await openWorld({ github: { missing } })
  const { github, maintainer, outsider, repository } = world
  const shared = await world.issue('Shared', 'write src/shared.txt: shared')
  github.faults.api({ route: 'POST /repos/{owner}/{repo}/issues', times: 1, fault: { kind: 'apply-then-drop' } })
  const body = `- [ ] Made once\n- [ ] #${shared.number}`
  const one = await outsider.createIssue(repository, { title: 'One', body })
  const two = await maintainer.createIssue(repository, { title: 'Two', body: `- [ ] #${shared.number}` })
  for (const roadmap of [one, two]) await maintainer.addLabels(repository, roadmap.number, ['roadmap'])
  const called = (title: string) =>
    [...repository.issues.values()].filter((issue) => issue.title === title && !issue.pull)
  await github.until(() => called('Made once').length > 0, 'the line is an issue', 60_000)
  await world.pullRequestOf(shared)
  await world.untilStatus(called('Made once')[0] ?? one, 'Review pull request')
  expect(called('Made once')).toHaveLength(1)

  await outsider.editIssue(repository, one.number, { body: `${body}\n- [ ] Sneaked in` })
  await world.untilStatus(one, 'has no write access, so its old text counts')
  // Correcting the title is no yes to what someone else has written.
  await maintainer.editIssue(repository, one.number, { title: 'One roadmap' })
  await maintainer.editIssue(repository, one.number, { body: '- [ ] Made once\n- [ ] Added' })
  await github.until(() => called('Added').length > 0, 'the new line is an issue', 60_000)
  await maintainer.comment(repository, one.number, '/roadmap')
  await world.untilStatus(one, /2 parts: /)
  await maintainer.comment(repository, two.number, '/roadmap')
  await world.untilStatus(two, /1 part: 1 in review/)
  expect(called('Sneaked in')).toEqual([])
  expect(world.logged.filter((line) => line.feature === 'sub-issues')).toHaveLength(1)
  expect(github.unknown).toEqual([])
})

test('a roadmap that is worked on one part after another, in its order; while it is paused none begins', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const [first, second] = [
    await world.issue('First', 'write src/first.txt: first'),
    await world.issue('Second', 'write src/second.txt: second'),
  ]
  const body = `- [ ] #${second.number}\n- [ ] #${first.number}`
  const roadmap = await maintainer.createIssue(repository, { title: 'In order', body })
  await maintainer.comment(repository, roadmap.number, '/roadmap start --mode sequential')
  const pull = await world.pullRequestOf(second)
  await maintainer.comment(repository, first.number, '/why')
  await world.untilStatus(first, `its roadmap #${roadmap.number} has it wait for its turn`)
  expect(pullsOf(world, first)).toEqual([])
  await maintainer.comment(repository, roadmap.number, '/pause')
  await world.untilStatus(roadmap, 'Paused')
  await world.approveAndMerge(pull)
  await world.untilStatus(second, 'Done')
  await maintainer.comment(repository, roadmap.number, '/resume')
  await world.pullRequestOf(first)
  expect(github.unknown).toEqual([])
})
