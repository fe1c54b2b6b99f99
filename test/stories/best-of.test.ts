/** Two kinds of agent build one issue, one after another; the gates choose, and people see both. */

import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectMergedOnce, pullsOf, untilMerged } from '../support/facts.ts'
import { processIn, startProcess } from '../support/processes.ts'
import { secondKind } from '../support/scripted-agent.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const settings = `${plainSettings}bestOf: { agents: [scripted, second] }\n`
const big = ['write src/hello.txt <<END', 'hello', 'and', 'more', 'END']

test('both pass: the smaller one is shown, with the other; /use puts that in its place, and it is merged', async () => {
  const named = plainSettings.replace('replan: false', 'replan: false\n  agents: [second]')
  const world = await openWorld({ settings: named, env: { AGENT_FILES: await secondKind() } })
  const { github, maintainer, repository } = world
  const issue = await world.issue('Say hello', 'attempt 1:', ...big, 'attempt 2:', 'write src/hello.txt: hello')
  await maintainer.comment(repository, issue.number, '/best-of scripted second')
  const pull = await world.pullRequestOf(issue)
  const small = pull.pull.headSha
  expect(pull.body).toMatch(/Written by \w+ \(second\)/)
  expect(await world.fileAt(small, 'src/hello.txt')).toBe('hello\n')
  expect(pull.body).toMatch(/Also made by \w+ \(scripted\): every gate passed/)
  expect(pull.body).toContain('+more')
  expect(pull.body).toContain('`/use scripted` puts it in the place')
  expect(pull.body).toContain('every gate passed, and it changes fewer lines')

  await maintainer.comment(repository, pull.number, '/use other')
  const other = await world.pullRequestOf(issue, { notHead: small })
  expect(other.number).toBe(pull.number)
  expect(await world.fileAt(other.pull.headSha, 'src/hello.txt')).toBe('hello\nand\nmore\n')
  await github.until(() => /Also made by \w+ \(second\)/.test(pull.body ?? ''), 'the other one is folded now')
  expect(pull.body).toMatch(/Written by \w+ \(scripted\)/)
  await world.approveAndMerge(other)
  await world.untilStatus(issue, '▰▰▰▰▰ Done')
  expectMergedOnce(world, issue)
})

test('one fails its gates, the first or the second: the other is shown; a review goes on from it', async () => {
  const world = await openWorld({ settings, env: { AGENT_FILES: await secondKind() } })
  const { maintainer, repository } = world
  const [first, second] = [
    await world.queued('Say hello', 'attempt 1:', 'write src/a.txt: BROKEN', 'attempt 2:', 'write src/b.txt: two'),
    await world.queued(
      'Say goodbye',
      ...[
        'attempt 1:',
        'write src/c.txt: one',
        'attempt 2:',
        'write src/d.txt: BROKEN',
        'feedback:',
        'append src/c.txt: more',
      ],
    ),
  ]
  const pull = await world.pullRequestOf(first)
  expect(await world.fileAt(pull.pull.headSha, 'src/b.txt')).toBe('two\n')
  await expect(world.fileAt(pull.pull.headSha, 'src/a.txt')).rejects.toThrow('does not exist')
  expect(pull.body).toMatch(/Also made by \w+ \(scripted\): not usable/)

  const other = await world.pullRequestOf(second)
  const head = other.pull.headSha
  expect(await world.fileAt(head, 'src/c.txt')).toBe('one\n')
  expect(other.body).toContain('no other commit passed the gates')
  expect(other.body).toMatch(/Written by \w+ \(scripted\)/)
  await maintainer.review(repository, other.number, { state: 'CHANGES_REQUESTED', body: 'More, please.' })
  const again = await world.pullRequestOf(second, { notHead: head })
  expect(await world.fileAt(again.pull.headSha, 'src/c.txt')).toBe('one\nmore\n')
  await expect(world.fileAt(again.pull.headSha, 'src/d.txt')).rejects.toThrow('does not exist')
  for (const issue of [first, second]) {
    await untilMerged(world, issue)
    expectMergedOnce(world, issue)
  }
})

test('both fail: the item goes on as any other', async () => {
  const world = await openWorld({ settings, env: { AGENT_FILES: await secondKind() } })
  const script = ['attempt 1:', 'write src/a.txt: BROKEN', 'attempt 2:', 'write src/a.txt: BROKEN too', 'attempt 3+:']
  const issue = await world.queued('Say hello', ...script, 'write src/a.txt: fine')
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  expect(world.status(issue)).toContain('Attempts: 3 of 4 used')
})

test('kill -9 while the second one builds: the first is kept, and nothing is made twice', async () => {
  const world = await openWorld({
    ...{ settings, hostProcesses: true, start: false },
    env: { AGENT_FILES: await secondKind() },
  })
  const { github } = world
  const tutti = await startProcess(world)
  const agent = join(world.directory, 'agent')
  const issue = await world.queued(
    'Say hello',
    ...['attempt 1:', 'write src/hello.txt: hello'],
    ...['attempt 2:', ...big, `run echo $PPID > ${agent}`, `wait-for ${join(world.directory, 'never')}`],
    ...['attempt 3+:', ...big],
  )
  await github.until(() => processIn(agent), 'the second one builds', 60_000)
  await tutti.kill()
  await startProcess(world)
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('hello\n')
  expect(pull.body).toMatch(/Also made by \w+ \(second\): every gate passed/)
  await world.approveAndMerge(pull)
  await world.untilStatus(issue, '▰▰▰▰▰ Done')
  expect(pullsOf(world, issue)).toHaveLength(1)
})
