/** A set-up step before agents and gates: made once for each lock file, copied into trees, with the operator's secrets. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkRunsOn } from '../support/facts.ts'
import { openWorld } from '../support/world.ts'

const settings = `agent: scripted
setup:
  run: '! grep BAD package-lock.json && echo run >> "$COUNT" && mkdir -p deps && cp package-lock.json deps/made'
  cache: [deps]
gates:
  commands: [{ name: tests, run: 'echo "made of $(cat deps/made) with $TOKEN"' }]
`

test('dependencies are made once, out of reach of agents; a change makes its own; a broken step costs no attempt', async () => {
  const files = { 'package-lock.json': 'one\n', '.gitignore': 'deps/\n' }
  const world = await openWorld({ settings, files, start: false })
  const { maintainer, repository, directory, env, github } = world
  const count = join(directory, 'count')
  const made = async () => (await readFile(count, 'utf8')).split('\n').length - 1
  const secrets = join(env.DATA_DIR ?? '', 'secrets', 'acme')
  await mkdir(secrets, { recursive: true })
  const text = `[gates]\nTOKEN=not-for-anybody-1\n[variables setup]\nCOUNT=${count}\n`
  await writeFile(join(secrets, 'app.env'), text, { mode: 0o600 })
  await world.startTutti()

  const first = await world.queued('First', 'run cp deps/made src/first.txt', 'run echo EVIL >> deps/made')
  const pull = await world.pullRequestOf(first)
  expect(await world.fileAt(pull.pull.headSha, 'src/first.txt')).toBe('one\n')
  await github.until(() => checkRunsOn(world, pull.pull.headSha).length > 0, 'the check run')
  expect(checkRunsOn(world, pull.pull.headSha)[0]?.output.text).toContain('made of one with [redacted]')
  const second = await world.pullRequestOf(await world.queued('Second', 'run cp deps/made src/second.txt'))
  expect(await world.fileAt(second.pull.headSha, 'src/second.txt')).toBe('one\n')
  expect(await made(), 'for two agents and two checkouts').toBe(1)

  const other = await world.queued(
    'Other dependencies',
    'attempt 1:',
    'write package-lock.json: BAD',
    'attempt 2+:',
    'write package-lock.json: two',
  )
  const changed = await world.pullRequestOf(other)
  expect(world.status(other)).toMatch(
    /\(scripted\)\*\*: gates failed\. command: The set-up step .* fails with exit code 1\. This change alters that step/,
  )
  await github.until(() => checkRunsOn(world, changed.pull.headSha).length > 0, 'the check run')
  expect(checkRunsOn(world, changed.pull.headSha)[0]?.output.text).toContain('made of two with')

  await maintainer.push(repository, 'main', { 'package-lock.json': 'BAD\n' }, 'Break the base')
  const reported = await world.untilStatus(
    await world.queued('Broken base', 'write src/x.txt: x'),
    'Held: needs a person',
  )
  expect(reported).toContain('the set-up step failed in the same way 3 times in a row')
  expect(reported).toContain('Attempts: 0 of 4 used')
  expect(reported).toMatch(/failed with exit code 1[\s\S]*BAD/)
  expect(JSON.stringify([...repository.issues.values()])).not.toContain('not-for-anybody-1')
  expect(github.unknown).toEqual([])
})
