/** Tutti dies in the middle of its work: its agents go with it, and the next start goes on as if nothing had been. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { expectMergedOnce, pullsOf, untilMerged } from '../support/facts.ts'
import { isAlive, processIn, startProcess } from '../support/processes.ts'
import { openWorld, plainSettings, type World } from '../support/world.ts'

/** An agent that starts a process of its own, says where it is, and works until a file is there. */
const patient = (world: World, name: string) => [
  `write src/${name}.txt: half`,
  'attempt 1:',
  `  spawn ${join(world.directory, `${name}-pid`)} detached`,
  `  run echo $PPID > ${join(world.directory, `${name}-agent`)}`,
  `  wait-for ${join(world.directory, 'never')}`,
  'attempt 2+:',
  `  append src/${name}.txt: done`,
]

async function agentAtWork(world: World, name: string) {
  const [agent, stray] = await world.github.until(() => {
    const found = [processIn(join(world.directory, `${name}-agent`)), processIn(join(world.directory, `${name}-pid`))]
    return found[0] && found[1] && ([found[0], found[1]] as const)
  }, 'the agent is at work')
  expect([isAlive(agent), isAlive(stray)]).toEqual([true, true])
  return { alive: () => isAlive(agent) || isAlive(stray) }
}

test('kill -9, then SIGTERM, while an agent works: it is gone each time, and the next start goes on', async () => {
  const world = await openWorld({ hostProcesses: true, start: false })
  const tutti = await startProcess(world)
  const first = await world.queued('Say hello', ...patient(world, 'hello'))
  const hello = await agentAtWork(world, 'hello')
  await tutti.kill()
  const killedAt = performance.now()
  await world.github.until(() => !hello.alive(), 'no process of the agent is left')
  expect(performance.now() - killedAt).toBeLessThan(10_000)

  const next = await startProcess(world)
  const pull = await untilMerged(world, first)
  expectMergedOnce(world, first)
  expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('half\ndone\n')
  expect(world.status(first)).toContain('Attempts: 1 of 4 used')
  expect(world.status(first)).toContain('runner lost (does not count)')

  const second = await world.queued('Say bye', ...patient(world, 'bye'))
  const bye = await agentAtWork(world, 'bye')
  await next.stop()
  expect(next.process.exitCode).toBe(0)
  expect(bye.alive()).toBe(false)
  await startProcess(world)
  const other = await untilMerged(world, second)
  expectMergedOnce(world, second)
  expect(await world.fileAt(other.pull.headSha, 'src/bye.txt')).toBe('half\ndone\n')
})

test('kill -9 while the gates run: they run again on the same commit', async () => {
  const file = (world: World) => join(world.directory, 'gate')
  const world = await openWorld({ hostProcesses: true, start: false })
  const { github, repository, maintainer } = world
  const gate = `echo $$ > ${file(world)}; until test -e ${file(world)}.go; do sleep 0.1; done`
  await maintainer.push(
    repository,
    'main',
    { '.github/tutti.yml': plainSettings.replace("'! grep -rqs BROKEN src'", () => `'${gate}'`) },
    'Wait in the gate',
  )
  const tutti = await startProcess(world)
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  const shell = await github.until(() => processIn(file(world)), 'the gate runs', 40_000)
  await tutti.kill()
  await github.until(() => !isAlive(shell), 'the gate is gone')
  writeFileSync(`${file(world)}.go`, '')
  await startProcess(world)
  await untilMerged(world, issue)
  expectMergedOnce(world, issue)
  expect(world.status(issue)).not.toContain('Attempts: 2')
})

const moments: [string, string][] = [
  ['the first comment is written', 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'],
  ['the pull request is opened, right after the push', 'POST /repos/{owner}/{repo}/pulls'],
  ['the check run is written', 'POST /repos/{owner}/{repo}/check-runs'],
  ['the merge is made', 'PUT /repos/{owner}/{repo}/pulls/{pull_number}/merge'],
]

test('kill -9 whenever something is written, with the write applied and its answer never heard', async () => {
  const world = await openWorld({ hostProcesses: true, start: false })
  const { github } = world
  let tutti = await startProcess(world)
  // GitHub applies each write once and never answers; Tutti dies waiting for the answer.
  const killed = moments.map(async ([what, route]) => {
    const rule = github.faults.api({ route, times: 1, fault: { kind: 'apply-then-hang' } })
    await github.until(() => rule.fired, what, 80_000)
    await tutti.kill()
    rule.remove()
    tutti = await startProcess(world)
  })
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  await untilMerged(world, issue)
  await Promise.all(killed)
  expectMergedOnce(world, issue)
  expect(pullsOf(world, issue)).toHaveLength(1)
})
