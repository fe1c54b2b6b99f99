/** An agent plans before another one builds: read-only, through its tools, with a plan that people see. */

import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { byBot, pullsOf } from '../support/facts.ts'
import { openWorld, plainSettings } from '../support/world.ts'

const plan = {
  summary: 'Write the greeting into its own file.',
  steps: ['Write src/hello.txt', 'Look at it'],
  inScope: ['the greeting'],
  outOfScope: ['other languages'],
  paths: ['src/hello.txt'],
  effort: 'S',
  risk: 'low',
  risks: [],
  confidence: 0.9,
}

test('planned first: nothing the planner writes is kept, its plan is a comment, and what it plans is built', async () => {
  const world = await openWorld({ settings: `${plainSettings}planning:\n  when: always\n` })
  const { github, repository } = world
  const issue = await world.queued(
    'Say hello',
    'planning:',
    '  run echo planted > src/main.txt; echo planted > src/new.txt; git -c user.name=a -c user.email=a@example.com commit -qam planted',
    '  ask edit src/main.txt',
    '  tool submit_plan {"nonsense": true}',
    `  tool submit_plan ${JSON.stringify(plan)}`,
    `  tool submit_plan ${JSON.stringify(plan)}`,
    'attempt 1:',
    '  tool report_progress {"text": "Half way"}',
    '  write src/hello.txt: hello',
    '  say Added the greeting.',
  )
  const pull = await world.pullRequestOf(issue)
  const comments = byBot(issue)
  expect(comments).toHaveLength(2)
  const shown = comments.find((comment) => comment.body.includes('### Plan'))?.body
  for (const words of ['1. Write src/hello.txt', 'other languages', '`src/hello.txt`', 'Risk: low', 'Confidence: 90 %'])
    expect(shown).toContain(words)
  expect(shown).toContain('Small and sure enough to go on without asking')
  const head = pull.pull.headSha
  expect(await world.fileAt(head, 'src/main.txt')).toBe('works\n')
  await expect(world.fileAt(head, 'src/new.txt')).rejects.toThrow()
  expect([...repository.refs.keys()].filter((ref) => ref.includes('plan'))).toEqual([])
  expect(pullsOf(world, issue)).toHaveLength(1)
  // One agent that planned, one that built: what the first handed in was not planned a second time.
  expect((await readdir(join(world.directory, 'data', 'logs'))).toSorted()).toEqual(['run-1.log', 'run-2.log'])
  expect(github.unknown).toEqual([])
})
