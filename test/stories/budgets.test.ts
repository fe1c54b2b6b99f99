/** Money: what agents tell is kept, a budget holds back what does not fit, and a run that costs too much is stopped. */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { IssueRecord as Issue } from '../../src/playground/github/model.ts'
import { begun, byBot, pullsOf } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

const limited = (limits: string) => plainSettings.replace('idleMinutes: 0.2', `idleMinutes: 0.2\n  ${limits}`)

/** Says `/status` or `/why` on an issue, again and again, until the answer in the status comment is what is expected. */
async function asked(world: World, issue: Issue, expected: string, command = '/status'): Promise<void> {
  const { github, maintainer, repository } = world
  for (let last = ''; !last.includes(expected); last = world.status(issue)) {
    const said = await maintainer.comment(repository, issue.number, command)
    await github.until(
      () => said.reactions.length > 0,
      `${command} is heard; instead of "${expected}" it says\n${last}`,
    )
    // The same answer twice is no edit: then there is nothing else to wait for.
    await world.untilStatus(issue, expected, 2_000).catch(() => {})
  }
}

test('a budget holds the second issue back; given the reason, a person raises it and it goes on', async () => {
  const world = await openWorld({ settings: limited('spendPerDay: 1\n  spendPerRun: 0.8') })
  const { maintainer, repository } = world
  const first = await world.queued(
    'First',
    'usage 100 1000 0.2',
    'usage 900 1000 0.7',
    'tokens 1200 300 5000',
    'write src/first.txt: 1',
  )
  await begun(world, first)
  const second = await world.queued('Second', 'write src/second.txt: 2')
  const reported = await world.untilStatus(second, "the repository's budget for a day (`limits.spendPerDay`, 1.00 USD)")
  expect(reported).toContain('Waiting')
  await world.pullRequestOf(first)
  await asked(
    world,
    second,
    'has 0.30 USD left and a run is expected to cost 0.70 USD; it is full again at midnight UTC.',
    '/why',
  )
  await asked(
    world,
    second,
    'acme/app today (UTC): 0.70 USD of 1.00 USD spent, as far as agents report it; 1,200 tokens in, 300 out, 5,000 cached.',
  )
  expect(pullsOf(world, second)).toEqual([])

  await maintainer.push(repository, 'main', { '.github/tutti.yml': limited('spendPerDay: 5') }, 'Spend more')
  // Settings are read with the first command after GitHub has reported the push.
  await asked(world, second, 'acme/app today (UTC): 0.70 USD of 5.00 USD spent')
  await world.pullRequestOf(second)
  expect(world.status(second)).toContain('`scripted` reports no cost, so no limit on spending sees what it uses.')
  await asked(world, second, '`scripted` reported no cost, so no limit on spending sees what was used there.')
  expect(byBot(second)).toHaveLength(1)
  expect(world.github.unknown).toEqual([])
})

test('a run whose cost passes its limit is stopped and the issue held; /retry goes on in the same tree', async () => {
  const world = await openWorld({ hostProcesses: true, settings: limited('spendPerRun: 2') })
  const { maintainer, repository, directory } = world
  const issue = await world.queued(
    'Expensive',
    'attempt 1:',
    `  run echo $PPID > ${join(directory, 'agent')}`,
    '  write src/half.txt: half',
    '  usage 100 1000 1.99',
    '  pause 50',
    '  usage 200 1000 2.5',
    '  wait-for never',
    'attempt 2+:',
    '  append src/half.txt: whole',
    '  usage 100 1000 0.5',
  )
  const held = await world.untilStatus(issue, /✋ Held/)
  expect(held).toContain(': **over its spend limit**. A person is needed: ')
  expect(held).toContain(
    'it reported a cost of 2.50 USD, and one run may cost 2.00 USD here (`limits.spendPerRun`). `/retry` starts another run',
  )
  expect(held).toContain('`/unqueue` gives the issue up')
  const agent = Number(readFileSync(join(directory, 'agent'), 'utf8'))
  expect(() => process.kill(agent, 0)).toThrow('ESRCH')
  expect(pullsOf(world, issue)).toEqual([])

  await maintainer.comment(repository, issue.number, '/retry')
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/half.txt')).toBe('half\nwhole\n')
  expect(world.status(issue)).toContain('(scripted)**: over its spend limit (does not count)')
  await asked(world, issue, '#1 so far: 3.00 USD. acme/app today (UTC): 3.00 USD spent, as far as agents report it.')
})

test('an agent that plans has the same limit, and what it cost is kept too', async () => {
  const world = await openWorld({ settings: `${limited('spendPerRun: 1')}planning:\n  when: always\n` })
  const issue = await world.queued('Think hard', 'planning:', '  usage 100 1000 1.25', '  wait-for never')
  const held = await world.untilStatus(issue, /✋ Held/)
  expect(held).toContain('Planning attempt 1: **over its spend limit**')
  await asked(world, issue, '#1 so far: 1.25 USD.')
})

test('kill -9 in the middle: what the run had reported is kept, and the next one counts again', async () => {
  // Nothing but the kill ends the first run.
  const settings = limited('spendPerDay: 9\n  spendPerRun: 2').replace('idleMinutes: 0.2', 'idleMinutes: 9')
  const world = await openWorld({ start: false, settings })
  const tutti = await startProcess(world)
  const issue = await world.queued(
    'Die',
    'write src/die.txt: half',
    'attempt 1:',
    '  usage 100 1000 1.5',
    '  wait-for never',
    'attempt 2+:',
    '  usage 100 1000 0.75 usd',
  )
  // Shown as soon as a heartbeat has stored it.
  await asked(world, issue, 'acme/app today (UTC): 1.50 USD of 9.00 USD spent, as far as agents report it.')
  await tutti.kill()
  await startProcess(world)
  await world.pullRequestOf(issue)
  await asked(world, issue, 'acme/app today (UTC): 2.25 USD of 9.00 USD spent, as far as agents report it.')
})

test('a cost in another currency is named and not counted; lies lower nothing', async () => {
  const world = await openWorld({ settings: limited('spendPerDay: 1\n  spendPerRun: 1') })
  const first = await world.queued(
    'Euros',
    'usage 100 1000 40 EUR',
    'usage 100 1000 -3 EUR',
    'usage 100 1000 9999 USD',
    'usage 100 1000 7 EUR',
    'usage 100 1000 x',
    'write src/first.txt: 1',
  )
  await world.pullRequestOf(first)
  const second = await world.queued('Dollars', 'usage 100 1000 0.25', 'write src/second.txt: 2')
  await world.pullRequestOf(second)
  await asked(
    world,
    second,
    'acme/app today (UTC): 0.25 USD of 1.00 USD spent, as far as agents report it; 40.00 EUR, which the limits do not count.',
  )
})

test('two runs side by side that pass the limit of the day: one is stopped until the next day, and goes on once it is raised', async () => {
  const world = await openWorld({ settings: limited('spendPerDay: 1') })
  const { directory, maintainer, repository } = world
  const first = await world.queued(
    'First',
    'usage 100 1000 0.7',
    `wait-for ${join(directory, 'second')}`,
    'write src/first.txt: 1',
  )
  await begun(world, first)
  const second = await world.queued(
    'Second',
    'attempt 1:',
    '  append src/second.txt: half',
    `  wait-for ${join(directory, 'first')}`,
    '  usage 100 1000 0.6',
    '  wait-for never',
    'attempt 2+:',
    '  append src/second.txt: whole',
  )
  await begun(world, second)
  await asked(world, first, 'acme/app today (UTC): 0.70 USD of 1.00 USD spent')
  writeFileSync(join(directory, 'first'), '')
  const reported = await world.untilStatus(second, 'over the limit of a day')
  expect(reported).toContain(
    'the agents of this repository have used 1.30 USD today (UTC), and the limit is 1.00 USD (`limits.spendPerDay`)',
  )
  expect(reported).toMatch(
    /It goes on at 00:00 UTC on \d{4}-\d\d-\d\d: the next day begins then\. This costs no attempt\./,
  )
  // What is done already is not thrown away.
  writeFileSync(join(directory, 'second'), '')
  await world.pullRequestOf(first)

  await maintainer.push(repository, 'main', { '.github/tutti.yml': limited('spendPerDay: 5') }, 'Spend more')
  await asked(world, second, 'of 5.00 USD spent')
  await maintainer.comment(repository, second.number, '/retry')
  const pull = await world.pullRequestOf(second)
  expect(await world.fileAt(pull.pull.headSha, 'src/second.txt')).toBe('half\nwhole\n')
})
