/** How many parts of a roadmap are worked on at once, and what a part that is left out does to the others. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { begun, pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

async function roadmapOf({ maintainer, repository }: World, parts: readonly Issue[]): Promise<Issue> {
  return maintainer.createIssue(repository, {
    title: 'Plan',
    body: parts.map(({ number }) => `- [ ] #${number}`).join('\n'),
  })
}

async function partsOf(world: World, script: (at: number) => string): Promise<Issue[]> {
  const parts: Issue[] = []
  for (let at = 1; at <= 3; at++) parts.push(await world.issue(`Part ${at}`, script(at)))
  return parts
}

const started = ({ logged }: World, parts: readonly Issue[]) =>
  parts.filter((part) => logged.some((line) => line.issue === part.number && line.to === 'running'))

test('mode one: one part and then no other, until another mode is said', async () => {
  const world = await openWorld()
  const { github, maintainer, repository } = world
  const parts = await partsOf(world, (at) => `write src/part-${at}.txt: ${at}`)
  const roadmap = await roadmapOf(world, parts)
  await maintainer.comment(repository, roadmap.number, '/roadmap start --mode one')
  // Whichever was ready first.
  const first = await github.until(() => started(world, parts)[0], 'a part is begun', 60_000)
  const others = parts.filter((part) => part !== first)
  await untilMerged(world, first)
  for (const other of others) {
    await maintainer.comment(repository, other.number, '/why')
    await world.untilStatus(other, `its roadmap #${roadmap.number} has it wait for its turn`)
  }
  expect(started(world, others)).toEqual([])
  await maintainer.comment(repository, roadmap.number, '/roadmap start --mode batch')
  for (const other of others) await world.pullRequestOf(other)
  expect(pullsOf(world, roadmap)).toEqual([])
})

test('mode parallel: so many at once and no more; batch lets all go', async () => {
  const world = await openWorld({ env: { MAX_AGENTS: '4' } })
  const { github, maintainer, repository } = world
  const parts = await partsOf(world, () => 'wait-for never')
  const roadmap = await roadmapOf(world, parts)
  await maintainer.comment(repository, roadmap.number, '/roadmap start --mode parallel --max 2')
  await github.until(() => started(world, parts).length === 2, 'two parts are begun', 60_000)
  const [last] = parts.filter((part) => !started(world, parts).includes(part))
  if (!last) throw new Error('all were begun')
  await maintainer.comment(repository, last.number, '/why')
  await world.untilStatus(last, `its roadmap #${roadmap.number} has it wait for its turn`)
  expect(started(world, parts)).toHaveLength(2)
  await maintainer.comment(repository, roadmap.number, '/roadmap start --mode batch')
  await begun(world, last)
})

test('a skipped part lets go of what waits for it, or holds it where the settings say so', async () => {
  const world = await openWorld({ settings: `${plainSettings}schedule:\n  skipped: hold\n` })
  const { maintainer, repository } = world
  const first = await world.queued('First', 'wait-for never')
  await begun(world, first)
  const body = `Depends on #${first.number}\n\n\`\`\`tutti-script\nwrite src/second.txt: second\n\`\`\``
  const second = await maintainer.createIssue(repository, { title: 'Second', body })
  await maintainer.addLabels(repository, second.number, ['tutti'])
  await world.untilStatus(second, `it depends on #${first.number}`)
  await maintainer.comment(repository, first.number, '/skip')
  await world.untilStatus(first, 'Skipped')
  await maintainer.comment(repository, second.number, '/why')
  await world.untilStatus(second, `it depends on #${first.number}, which is skipped`)
  expect(pullsOf(world, second)).toEqual([])
  await maintainer.comment(repository, second.number, `/depends --remove #${first.number}`)
  await world.untilStatus(second, 'a line in the issue. Take that out too.')
  await maintainer.editIssue(repository, second.number, { body: body.replace(`Depends on #${first.number}`, '') })
  await world.pullRequestOf(second)
})
