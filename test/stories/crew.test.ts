/** Two issues of one repository: the agent has a name, asks, is written to; the second issue uses what the first taught. */

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { byBot } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const settings = plainSettings.replace("'! grep -rqs BROKEN src'", "'! grep -rn helo src'").replace('tests', 'spelling')

test('an agent asks while it builds, reads a message, and hands in its summary; the next one is taught what failed', async () => {
  const world = await openWorld({ settings })
  const { github, repository, maintainer, directory } = world
  const go = join(directory, 'go')
  const issue = await world.queued(
    'Say hello in the greeting file',
    'attempt 1:',
    '  write src/greeting.txt: helo',
    '  tool ask_question {"questions": ["How loud, @everyone?"]}',
    'attempt 2:',
    '  keep-prompt prompt.txt',
    '  tool send_message {"to": "people", "text": "I begin now"}',
    `  wait-for ${go}`,
    '  tool read_messages',
    'attempt 3+:',
    '  write src/greeting.txt: hello',
    '  tool record_insight {"text": "The greeting file is read by the door", "fromMistake": true}',
    '  tool save_checkpoint {"name": "greeted", "text": "It says hello"}',
    '  tool finish {"summary": "It greets, softly."}',
    '  say This is not the summary.',
  )
  const asked = await github.until(
    () => byBot(issue).find(({ body }) => body.includes('### Aria asks')),
    'the question of the builder',
    60_000,
  )
  expect(asked.body).not.toContain('@everyone')
  await world.untilStatus(issue, 'Waiting for an answer')
  await maintainer.comment(repository, issue.number, 'Softly.')
  await world.untilStatus(issue, /Aria \(scripted\)\*\* works on branch[\s\S]*\*\*Aria\*\* → people: I begin now/)
  await maintainer.comment(repository, issue.number, '/message @Aria Mind the spelling')
  await world.untilStatus(issue, '→ Aria: Mind the spelling <sub>⏳ not read yet')
  await writeFile(go, '')

  const pull = await world.pullRequestOf(issue)
  await world.untilStatus(issue, '→ Aria: Mind the spelling <sub>✅ read')
  expect(pull.body).toContain('It greets, softly.')
  expect(pull.body).not.toContain('This is not the summary')
  expect(pull.body).toContain('Written by Aria (scripted)')
  const show = ['-C', repository.path, 'show', '-s', '--format=%B', pull.pull.headSha]
  expect((await promisify(execFile)('git', show)).stdout).toContain('\nAgent: Aria (scripted)')
  const prompt = await world.fileAt(pull.pull.headSha, 'prompt.txt')
  expect(prompt).toContain('You are **Aria**')
  expect(prompt).toContain('Softly.')

  await maintainer.comment(repository, issue.number, '/memory')
  await world.untilStatus(issue, /A check failed at first[\s\S]*by the gates/)
  const next = await world.queued('Mend the greeting file', 'keep-prompt prompt.txt')
  const second = await world.pullRequestOf(next)
  const [, taught = ''] = (await world.fileAt(second.pull.headSha, 'prompt.txt')).split('# What is known here')
  expect(taught).toMatch(/learned from a mistake, in #1\) A check failed at first[\s\S]*helo/)
  expect(taught).toMatch(/What agents have noted[\s\S]*The greeting file is read by the door/)
  await maintainer.comment(repository, next.number, '/crew')
  await world.untilStatus(next, '| **Aria** | builder | `scripted` | free | 2 |')
  expect(github.unknown).toEqual([])
})

test('two agents that wait for each other: both issues say so, the first one decides, and both are finished', async () => {
  const world = await openWorld({ settings: `${plainSettings}crew:\n  names:\n    builder: [Ada, Bob]\n` })
  const { directory } = world
  const [bobIsThere, adaHasAsked] = [join(directory, 'bob'), join(directory, 'asked')]
  const first = await world.queued(
    'Serve the page',
    `wait-for ${bobIsThere}`,
    'tool ask_agent {"to": "Bob", "question": "Which port do you call?"}',
    'tool read_messages',
    'tool send_message {"to": "Bob", "text": "I serve on 8080", "replyTo": 2}',
    'write src/server.txt: 8080',
  )
  await world.untilStatus(first, 'Ada (scripted)')
  const second = await world.queued(
    'Call the page',
    `wait-for ${adaHasAsked}`,
    'tool ask_agent {"to": "Ada", "question": "Which port do you serve on?"}',
    'write src/client.txt: 8080',
  )
  await world.untilStatus(second, 'Bob (scripted)')
  await writeFile(bobIsThere, '')
  await world.untilStatus(first, '**Ada** → Bob: Which port do you call?')
  await writeFile(adaHasAsked, '')
  await world.pullRequestOf(first)
  const called = await world.pullRequestOf(second)
  const reported =
    'AgentDeadlock: Ada (#1) waits for Bob, Bob (#2) waits for Ada. Ada asked first and goes on without an answer'
  for (const issue of [first, second]) await world.untilStatus(issue, reported)
  expect(called.body).toContain('I serve on 8080')
})
