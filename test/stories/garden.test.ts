/** `/garden`: how healthy the roadmap is, and what was waited for in vain is freed. */

import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

async function waitingFor({ maintainer, repository }: World, title: string, named: string): Promise<Issue> {
  const body = [`Depends on ${named}`, '', '```tutti-script', `write src/${title.toLowerCase()}.txt: x`, '```'].join(
    '\n',
  )
  const issue = await maintainer.createIssue(repository, { title, body })
  return maintainer.addLabels(repository, issue.number, ['tutti'])
}

test('a report with what is stale, in a circle and lost; an issue that was closed without a webhook holds no one any more', async () => {
  const settings = `${plainSettings}schedule: { staleDays: 0.000001 }\n`
  const world = await openWorld({ settings, env: { SWEEP_MINUTES: '60' } })
  const { github, maintainer, repository } = world
  const byHand = await maintainer.createIssue(repository, { title: 'Done by a person' })
  const freed = await waitingFor(world, 'Freed', `#${byHand.number}`)
  const lost = await waitingFor(world, 'Lost', '#999')
  const [one, two] = [await waitingFor(world, 'One', '#5'), await waitingFor(world, 'Two', '#4')]
  const held = await world.queued('Held', 'fail auth')
  await world.untilStatus(held, 'Held: needs a person')
  await world.untilStatus(freed, 'it depends on #1, which is open')
  await world.untilStatus(two, 'it waits for itself in a circle')
  await world.untilStatus(lost, 'cannot be read from here')

  github.faults.deliveries({ match: ({ event }) => event === 'issues', fault: { kind: 'lose' } })
  await maintainer.closeIssue(repository, byHand.number)
  await maintainer.comment(repository, one.number, '/garden')
  const reported = await world.untilStatus(one, 'Health of the roadmap')
  expect(reported).toMatch(
    /5 issues · [01] available for work · 3 blocked · \d stale · 1 circular dependency · 1 without a place\./,
  )
  expect(reported).toContain('Nothing waits for #1 any more: it is closed.')
  expect(reported).toMatch(/- #6 Held: held, no change for 0 days/)
  expect(reported).toMatch(/- (#4 → #5 → #4|#5 → #4 → #5)/)
  expect(reported).toContain('- #3 Lost waits for #999, which is not there or cannot be read')
  await world.pullRequestOf(freed)
  expect(pullsOf(world, lost)).toEqual([])

  // On an issue that is no work item the report is a comment of its own.
  await maintainer.comment(repository, byHand.number, '/garden')
  const report = await github.until(
    () => byBot(byHand).find(({ body }) => body.includes('Health of the roadmap')),
    'the report',
  )
  // What moved in this very moment is not stale yet.
  expect(report.body).toMatch(/5 issues · 0 available for work · 3 blocked · [12] stale/)
  expect(github.unknown).toEqual([])
})
