/** Planning that goes wrong: nonsense, an agent that cannot plan, a text edited meanwhile, Tutti killed in the middle. */

import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { startProcess } from '../support/processes.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const plan = { summary: 'One greeting.', steps: ['Write it'], effort: 'S', risk: 'low', confidence: 0.9 }
const handIn = (more: object = {}) => `  tool submit_plan ${JSON.stringify({ ...plan, ...more })}`
const always = `${plainSettings}planning:\n  when: always\n`

test('nonsense gets one more try with what was wrong; nonsense twice is held, and /retry plans again', async () => {
  const world = await openWorld({ settings: always })
  const { repository, maintainer, github } = world
  const issue = await world.queued(
    'Say hello',
    'planning 1:',
    handIn({ pahts: ['src/'] }),
    'planning 2:',
    handIn({ steps: Array(10_000).fill('x') }),
    handIn({ paths: ['/etc/passwd', '../out'] }),
    'planning 3+:',
    handIn(),
    'attempt 1:',
    '  write src/hello.txt: hello',
  )
  const mended = await world.queued(
    'Say goodbye',
    'planning 1:',
    '  say Here is the plan: do it.',
    'planning 2:',
    handIn({ summary: 'Mended.' }),
    'attempt 1:',
    '  write src/bye.txt: bye',
  )
  const held = await world.untilStatus(issue, 'Held: needs a person')
  expect(held).toContain('it knew what was wrong, and did no better')
  expect(held).toContain('must be relative to the repository, not absolute')
  expect(held).toContain('must not lead out of the repository')
  expect(held).not.toContain('x, x')
  expect(pullsOf(world, issue)).toEqual([])
  await world.pullRequestOf(mended)
  expect(byBot(mended).filter(({ body }) => body.includes('Mended.'))).toHaveLength(1)

  await maintainer.comment(repository, issue.number, '/retry')
  await world.pullRequestOf(issue)
  expect(github.unknown).toEqual([])
})

test('an agent that cannot plan and a loop that does not exist are said; a loop has its own gates', async () => {
  const loops = `loops:\n  careful:\n    prompt: Be careful.\n    gates:\n      - { name: no-haste, run: test ! -e haste.txt }\n`
  const world = await openWorld({
    settings: `${plainSettings}${loops}agents:\n  command:\n    command: [sh, -c, 'echo hello > src/hello.txt']\n`,
    env: { AGENT: 'command' },
  })
  const { repository, maintainer } = world
  const careless = await world.issue(
    'Say hello',
    'attempt 1:',
    '  write haste.txt: x',
    'attempt 2:',
    '  delete haste.txt',
    '  keep-prompt prompt.txt',
  )
  await maintainer.addLabels(repository, careless.number, ['loop:carefull'])
  await maintainer.addLabels(repository, careless.number, ['tutti'])
  await world.untilStatus(careless, 'There is no loop `carefull`; did you mean `careful`?')
  await maintainer.removeLabel(repository, careless.number, 'loop:carefull')
  await maintainer.addLabels(repository, careless.number, ['loop:careful'])
  await maintainer.comment(repository, careless.number, '/queue')
  const pull = await world.pullRequestOf(careless)
  expect(world.status(careless)).toContain('no-haste')
  expect(world.status(careless)).toContain('Attempts: 2 of 4 used')
  expect(await world.fileAt(pull.pull.headSha, 'prompt.txt')).toContain('# How to work\n\nBe careful.')

  await maintainer.push(
    repository,
    'main',
    {
      '.github/tutti.yml': `agent: command\nplanning:\n  when: always\nagents:\n  command:\n    command: [sh, -c, 'echo hello > src/hello.txt']\n`,
    },
    'Let a program do it',
  )
  const issue = await world.queued('Say hello again')
  const held = await world.untilStatus(issue, 'Held: needs a person')
  expect(held).toContain('has no way to hand in a plan')
  expect(held).toContain('`planning.when: never`')
})

test('an issue edited while it is planned: the plan is of the old text, that is said, and /plan plans the new one', async () => {
  // The planner waits for the story, which may be slow.
  const patient = always.replace('idleMinutes: 0.2', 'idleMinutes: 5')
  const world = await openWorld({ settings: `${patient}  approval: always\n` })
  const { repository, maintainer, outsider, directory } = world
  const issue = await world.queued(
    'Say hello',
    'planning 1:',
    `  wait-for ${join(directory, 'go')}`,
    handIn(),
    'planning 2:',
    handIn({ summary: 'Not this.' }),
    'attempt 1:',
    '  keep-prompt prompt.txt',
  )
  await world.untilStatus(issue, 'Planning')
  const better = (issue.body ?? '').replace('Not this.', 'For the new text.')
  await outsider.editIssue(repository, issue.number, { body: better })
  await world.untilStatus(issue, 'edited this issue while it is being planned')
  writeFileSync(join(directory, 'go'), '')
  await world.untilStatus(issue, 'Plan waits for approval')
  await maintainer.comment(repository, issue.number, '/approve')
  const asked = await world.untilStatus(issue, 'was changed after the plan was made')
  expect(asked).toContain('Plan waits for approval')

  await maintainer.comment(repository, issue.number, '/plan')
  await world.untilStatus(issue, /Plan waits for approval[\s\S]*An agent plans it, with the text as it is now/)
  const second = () => byBot(issue).some(({ body }) => body.includes('For the new text.') && body.includes('version 2'))
  await world.github.until(second, 'the plan of the new text')
  await maintainer.comment(repository, issue.number, '/approve')
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'prompt.txt')).toContain('For the new text.')
})

test('kill -9 while an agent plans, and while its plan is shown: one plan, one comment, and it is built', async () => {
  const world = await openWorld({ start: false, settings: always })
  const { github, directory } = world
  let tutti = await startProcess(world)
  const issue = await world.queued(
    'Say hello',
    'planning 1:',
    `  run touch ${join(directory, 'plans')}`,
    '  hang',
    'planning 2+:',
    handIn(),
    'attempt 1+:',
    '  write src/hello.txt: hello',
  )
  await github.until(() => existsSync(join(directory, 'plans')), 'the agent plans', 60_000)
  await tutti.kill()
  const route = 'POST /repos/{owner}/{repo}/issues/{issue_number}/comments'
  const planComment = ({ path }: { path: string }) => path.endsWith('/comments') && byBot(issue).length > 0
  const lost = github.faults.api({ route, match: planComment, times: 1, fault: { kind: 'apply-then-hang' } })
  tutti = await startProcess(world)
  await github.until(() => lost.fired, 'the plan is written', 60_000)
  await tutti.kill()
  lost.remove()
  await startProcess(world)
  const pull = await world.pullRequestOf(issue)
  expect(await world.fileAt(pull.pull.headSha, 'src/hello.txt')).toBe('hello\n')
  expect(byBot(issue).filter(({ body }) => body.includes('### Plan'))).toHaveLength(1)
  expect(byBot(issue)).toHaveLength(2)
})
