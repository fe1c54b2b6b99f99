/** What follows a failure, rung by rung: another kind of agent, another plan, a person; and a halt of all others. */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byBot, expectMergedOnce, untilMerged } from '../support/facts.ts'
import { secondKind } from '../support/scripted-agent.ts'
import { openWorld, plainSettings } from '../support/world.ts'

test('out of quota: another kind takes over in the same tree. Failing again and again: another plan, then merged', async () => {
  const settings = plainSettings
    .replace('replan: false', 'agents: [second]')
    .replace('limits:', 'limits:\n  retries: 1')
  const world = await openWorld({ settings, env: { AGENT_FILES: await secondKind() } })
  const limited = await world.queued(
    'Say hello',
    'attempt 1:',
    '  write src/hello.txt: hel',
    '  fail rate-limit 3600',
    'attempt 2+:',
    '  append src/hello.txt: lo',
  )
  const plan = { summary: 'The other way.', steps: ['Write it'], effort: 'S', risk: 'low', confidence: 0.9 }
  const failing = await world.queued(
    'Say goodbye',
    'planning 1+:',
    `  tool submit_plan ${JSON.stringify(plan)}`,
    'attempt 1:',
    '  write src/bye.txt: BROKEN one',
    'attempt 2:',
    '  write src/bye.txt: BROKEN two',
    'attempt 3+:',
    '  write src/ciao.txt: bye',
    '  keep-prompt prompt.txt',
  )
  const first = await world.pullRequestOf(limited)
  expect(await world.fileAt(first.pull.headSha, 'src/hello.txt')).toBe('hel\nlo\n')
  expect(world.status(limited)).toContain('(second)**')
  expect(world.status(limited)).toContain('Attempts: 1 of 2 used')

  const second = await world.pullRequestOf(failing)
  // The tree of the attempts before is gone, and the plan reached the agent.
  await expect(world.fileAt(second.pull.headSha, 'src/bye.txt')).rejects.toThrow('does not exist')
  expect(await world.fileAt(second.pull.headSha, 'prompt.txt')).toContain('The other way.')
  expect(byBot(failing).filter(({ body }) => body.includes('The other way.'))).toHaveLength(1)
  expect(world.status(failing)).toContain('Attempts: 3, 1 of 2 used in this round')
})

test('a secret in a change stops the other agents, which say why; /resume all goes on with all of them', async () => {
  const world = await openWorld()
  const { repository, maintainer, github, directory } = world
  const busy = await world.queued(
    'Say hello',
    'attempt 1:',
    '  write src/hello.txt: hel',
    `  wait-for ${join(directory, 'never')}`,
    'attempt 2+:',
    '  append src/hello.txt: lo',
  )
  await world.untilStatus(busy, 'An agent is working')
  // Its processes are measured, every second: who asks earlier hears that, and asks again.
  const measured = /\d+ MB \(at most \d+ MB\), \d+ processes/
  for (let asked = 0; !measured.test(world.status(busy)); asked++) {
    expect(asked, world.status(busy)).toBeLessThan(20)
    await maintainer.comment(repository, busy.number, '/agents health')
    await world.untilStatus(busy, measured, 3_000).catch(() => {})
  }
  expect(world.status(busy)).toContain('(scripted)**')
  const leaking = await world.queued('Leak', `write src/key.txt: ${github.app.webhookSecret}`)
  const held = await world.untilStatus(leaking, 'Held: needs a person')
  expect(held).toContain("one of Tutti's own secrets")
  expect(held).toContain('`/resume all`')
  expect(held).not.toContain('`/skip`')
  expect(await world.untilStatus(busy, `critical failure in #${leaking.number}`)).toContain('`/resume all` goes on')

  await maintainer.comment(repository, leaking.number, '/resume all')
  await untilMerged(world, busy)
  expectMergedOnce(world, busy)
})
