/** Agents that do not do their work: what people read, what is tried again, and what an attempt costs. */

import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { byBot, expectMergedOnce, pullsOf, untilMerged } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const scriptedAgent = fileURLToPath(new URL('../../src/playground/agent/main.ts', import.meta.url))

test('a program that is not installed: held, how to install it is said, and /retry goes on without an attempt lost', async () => {
  const world = await openWorld({
    settings: plainSettings.replace('agent: scripted', 'agent: codex'),
    // The program that stands for codex lies here, and what it imports.
    env: { SANDBOX_READ: root },
  })
  const { repository, maintainer, directory } = world
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  const reported = await world.untilStatus(issue, 'Held: needs a person')
  expect(reported).toContain('The program `codex-acp` is not there.')
  expect(reported).toMatch(
    /On the machine that runs Tutti: npm install -g @.*agentclientprotocol.codex-acp, then set CODEX_API_KEY/,
  )
  expect(reported).toContain('`/retry` tries again')
  expect(reported).toContain('Attempts: 0 of 4 used')

  // The operator puts it where the PATH of the running Tutti finds it.
  await mkdir(join(directory, 'bin'), { recursive: true })
  const program = join(directory, 'bin', 'codex-acp')
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${scriptedAgent}'\n`)
  await chmod(program, 0o755)
  await maintainer.comment(repository, issue.number, '/retry')
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
})

test('an agent that asks for a login: held, with what it said, the end of what it printed, and what to do', async () => {
  const world = await openWorld()
  const issue = await world.queued('Say hello', 'flood 200 stderr', 'fail auth')
  const reported = await world.untilStatus(issue, 'Held: needs a person')
  expect(reported).toContain('The agent asks for a login: Authentication required.')
  expect(reported).toContain('Then say `/retry`.')
  expect(reported).toMatch(/The end of what the agent printed:[\s\S]*stderr\|/)
  expect(reported).toContain('Attempts: 0 of 4 used')
  expect(byBot(issue)).toHaveLength(1)
})

test('crashing, hanging and printing garbage: each is named, the next attempt goes on in the same tree', async () => {
  const world = await openWorld({ settings: plainSettings.replace('idleMinutes: 0.2', 'idleMinutes: 0.08') })
  const crashing = await world.queued(
    'Crash first',
    'attempt 1:',
    '  write src/half.txt: half',
    '  crash',
    'attempt 2+:',
    '  append src/half.txt: done',
  )
  const hanging = await world.queued(
    'Hang first',
    'attempt 1:',
    '  write src/slow.txt: half',
    '  ignore-sigterm',
    '  hang',
    'attempt 2+:',
    '  append src/slow.txt: done',
  )
  const garbled = await world.queued(
    'Print garbage',
    'garbage 40',
    'attempt 1:',
    '  write src/noise.txt: half',
    '  flood 300000 junk',
    'attempt 2+:',
    '  append src/noise.txt: done',
  )
  const [one, two, three] = await Promise.all([
    world.pullRequestOf(crashing),
    world.pullRequestOf(hanging),
    world.pullRequestOf(garbled),
  ])

  expect(world.status(crashing)).toContain('(scripted)**: crashed.')
  expect(world.status(crashing)).toContain('The agent ended with signal SIGKILL.')
  expect(world.status(hanging)).toContain('(scripted)**: hanging.')
  expect(world.status(hanging)).toContain('The agent was silent for 5 s and was ended.')
  expect(world.status(garbled)).toContain('(scripted)**: protocol error.')
  expect(world.status(garbled)).toMatch(/The agent broke the protocol: it printed \d+ lines that are not the protocol/)
  for (const issue of [crashing, hanging, garbled]) expect(world.status(issue)).toContain('Attempts: 2 of 4 used')
  for (const [pull, file, text] of [
    [one, 'src/half.txt', 'half\ndone\n'],
    [two, 'src/slow.txt', 'half\ndone\n'],
    [three, 'src/noise.txt', 'half\ndone\n'],
  ] as const) {
    expect(await world.fileAt(pull.pull.headSha, file)).toBe(text)
  }
  for (const issue of [crashing, hanging, garbled]) expect(byBot(issue)).toHaveLength(1)
})

test('ending without a change, again and again: a person is asked, with what the agent said', async () => {
  const world = await openWorld({ settings: plainSettings.replace('limits:', 'limits:\n  retries: 1') })
  const issue = await world.queued('Do something', 'say There is nothing to do here, @everyone.', 'no-change')
  const reported = await world.untilStatus(issue, 'Held: needs a person')
  expect(reported).toContain('all 2 attempts are used up')
  expect(reported).toContain('The agent ended without changing anything. It said: There is nothing to do here')
  expect(reported).not.toContain(' @everyone')
  expect(reported).toContain('Attempts: 2 of 2 used')
  expect(reported).toContain('`/retry` tries again')
  expect(byBot(issue)).toHaveLength(1)
  await world.github.until(() => issue.labels.some((label) => label.name === 'tutti:held'), 'the label that says so')
})

test("a provider's limit is waited out until it resets, and costs no attempt", async () => {
  const world = await openWorld()
  const issue = await world.queued(
    'Say hello',
    'attempt 1:',
    '  write src/hello.txt: hel',
    '  fail rate-limit 4',
    'attempt 2+:',
    '  append src/hello.txt: lo',
  )
  const reported = await world.untilStatus(issue, /limit/)
  expect(reported).toContain('Attempt 1: rate limited. Internal error: too many requests.')
  expect(reported).toMatch(
    /It goes on at \d\d:\d\d UTC on .*: the provider's limit resets then. This costs no attempt./,
  )
  expect(pullsOf(world, issue)).toEqual([])
  const pull = await world.pullRequestOf(issue)
  expect(world.status(issue)).toContain('(does not count)')
  expect(world.status(issue)).toContain('Attempts: 1 of 4 used')
  expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('hel\nlo\n')
})
