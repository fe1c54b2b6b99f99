/** What a program that listens hears of a roadmap, from its first phase to its report. */

import { expect, test } from 'vitest'
import { readOperatorFile } from '../../src/api/operator-file.ts'
import { byBot, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const settings = plainSettings.replace('! grep -rqs BROKEN src', 'echo "coverage: 87.5% of statements"')

test('phases and timed lines in the stream and the API; the report counts tests and shows the coverage', async () => {
  const world = await openWorld({ settings })
  const { github, maintainer, repository } = world
  const model = await world.issue('Model', "write test/model.test.js: test('counts', () => {})")
  const body = `Depends on #${model.number}\n\n\`\`\`tutti-script\nwrite src/view.txt: view\n\`\`\``
  const view = await maintainer.createIssue(repository, { title: 'View', body })
  const list = `- [ ] #${model.number}\n- [ ] #${view.number}`
  const roadmap = await maintainer.createIssue(repository, { title: 'Plan', body: list })
  const token = readOperatorFile(world.env.DATA_DIR ?? '')?.token ?? ''
  const ask = (path: string, accept: string) =>
    fetch(`${world.tutti.url}${path}`, { headers: { Authorization: `Bearer ${token}`, Accept: accept } })
  await maintainer.addLabels(repository, roadmap.number, ['roadmap'])
  await world.untilStatus(roadmap, '0 of 2 done')
  const stream = await ask(`/api/events?issue=${roadmap.number}&after=0`, 'text/event-stream')

  const events = () =>
    ask(`/api/orchestration/events?issue=${roadmap.number}`, 'application/json').then((one) => one.text())
  for (const [at, part] of [model, view].entries()) {
    const inReview = async () => (await events()).split('PHASE 5: Verification - In Progress').length > at + 1
    await github.until(inReview, `#${part.number} is in review`, 60_000)
    await untilMerged(world, part)
  }
  let heard = ''
  const decoder = new TextDecoder()
  for await (const bytes of stream.body as unknown as AsyncIterable<Uint8Array>) {
    heard += decoder.decode(bytes, { stream: true })
    if (heard.includes('PHASE 6: Report - Complete')) break
  }
  const said = [...heard.matchAll(/"what":"((?:>>>|\[)[^"]*)"/g)].map(([, what = '']) =>
    what.replace(/\d+ min/, 'n min'),
  )
  const [first, second] = [model, view].map(
    ({ number }) =>
      said.map((line) => /\] (\w+) started (#\d+)$/.exec(line)).find((match) => match?.[2] === `#${number}`)?.[1],
  )
  expect(said).toEqual([
    '>>> PHASE 1: Goal Interpretation - Complete (2 items)',
    '>>> PHASE 2: Roadmap Health Check - Complete',
    '>>> PHASE 3: Agent Spawn - Starting (1 agent)',
    `[n min] ${first} started #${model.number}`,
    '>>> PHASE 4: Monitoring - In Progress (1 agent)',
    `[n min] ${first} finished #${model.number}: all gates passed, it waits for review`,
    '>>> PHASE 5: Verification - In Progress (1 item)',
    `[n min] #${model.number} was completed`,
    '>>> PHASE 3: Agent Spawn - Starting (1 agent)',
    `[n min] ${second} started #${view.number}`,
    '>>> PHASE 4: Monitoring - In Progress (1 agent)',
    `[n min] ${second} finished #${view.number}: all gates passed, it waits for review`,
    '>>> PHASE 5: Verification - In Progress (1 item)',
    `[n min] #${view.number} was completed`,
    '>>> PHASE 5: Verification - Complete',
    '>>> PHASE 6: Report - Complete',
  ])
  expect(await events()).toContain('>>> PHASE 3: Agent Spawn - Starting (1 agent)')

  await github.until(() => byBot(roadmap).length === 2, 'the report is posted', 60_000)
  const report = byBot(roadmap).find(({ body }) => body.includes('Orchestration report'))?.body ?? ''
  expect(report).toContain('- Tests added in what was completed: 1 case in 1 new file')
  expect(report).toContain(`- Coverage, as the gates printed it: 87.5 % (tests, #${view.number})`)
  const status = await world.untilStatus(roadmap, '▰▰▰▰▰ Done')
  expect(status).toMatch(/<summary>Progress<\/summary>[\s\S]*\[\d+ min\] \w+ started #/)
  expect(github.unknown).toEqual([])
})
